/// Statements that go to the server in one go, without waiting for answers in between.
///
/// Each segment ends with a Sync: if a statement fails, the server skips the rest of its segment, and goes on with the next.
package struct Flight: Sendable {
    /// The segments, in order.
    package var segments: [[SQL]]

    /// Makes a flight of segments.
    package init(_ segments: [[SQL]]) {
        self.segments = segments
    }

    /// Makes a flight of one segment.
    package init(_ statements: SQL...) {
        self.segments = [statements]
    }
}
