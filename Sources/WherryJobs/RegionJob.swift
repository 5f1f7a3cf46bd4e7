/// A job that runs in a region that its caller names, beside that region's own database, which it can only read.
///
/// ```swift
/// struct WarmCache: RegionJob {
///     static let name = "cache.warm"
///     static let isIdempotent = true
///     typealias Output = Int
///     var keys: [String]
/// }
/// let count = try await client.call(WarmCache(keys: keys), in: "lax")
/// ```
///
/// Its reads see at least what its caller has seen: the worker waits for that first. It writes nothing to the database, so it has no receipt, and
/// nobody can tell later whether it ran: it runs **at most once**. If a broker or worker dies while it has the job, the caller gets
/// `regionJobLost`. A job that is marked ``isIdempotent`` is sent again instead, and may run more than once.
public protocol RegionJob: JobBase {
    /// Whether running it twice does no harm; `false` unless said otherwise.
    static var isIdempotent: Bool { get }
}

extension RegionJob {
    /// At most once: what is not known to be harmless does not run twice.
    public static var isIdempotent: Bool { false }
}
