/// The output of a job that has none.
public struct NoOutput: Codable, Sendable, Hashable {
    /// Nothing, made.
    public init() {}
}
