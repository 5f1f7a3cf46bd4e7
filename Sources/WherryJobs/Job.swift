/// A write job: it runs once, beside the primary, in one transaction that also stores its receipt.
///
/// A job is its arguments: a `Codable` struct, so that it can grow fields (give new ones a default or make them optional, and old copies
/// still decode).
///
/// ```swift
/// struct CreateItems: Job {
///     static let name = "items.create"
///     typealias Output = Int
///     var ids: [Int]
/// }
/// ```
///
/// Its handler may *run* more than once; only its effect in the database is exactly-once. What it does elsewhere (HTTP calls, other
/// connections, `nextval`, unlogged tables) is not.
public protocol Job: JobBase {}
