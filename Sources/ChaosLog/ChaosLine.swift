package import Foundation

/// A line of a caller's log.
package struct ChaosLine: Codable, Hashable, Sendable {
    /// Milliseconds on the machine's monotonic clock, which all its processes share.
    package var at: Double
    package var event: ChaosEvent

    package init(at: Double, event: ChaosEvent) {
        self.at = at
        self.event = event
    }

    /// As one line of JSON, with its newline.
    package func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self) + Data("\n".utf8)
    }

    /// Reads a log. A process that was killed may have left half a line at its end, which says nothing.
    ///
    /// - Throws: `DecodingError` for any other line that is none.
    package static func decode(_ log: Data) throws -> [ChaosLine] {
        var lines = log.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        lines.removeLast()
        let decoder = JSONDecoder()
        return try lines.map { try decoder.decode(ChaosLine.self, from: Data($0)) }
    }
}
