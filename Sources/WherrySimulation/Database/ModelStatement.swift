import Synchronization
import WherryCore

/// What the model database makes of a statement, by the product's own SQL: where that changes, what happens here changes with it. So a fault in
/// the SQL is a fault in the simulation, and a statement that the model does not know ends the run.
enum ModelStatement: Sendable, Hashable {
    /// What a statement checks and takes before a transaction does anything.
    struct Entry: Sendable, Hashable {
        /// `wherry.require_epoch`.
        var checksEpoch: Bool
        /// `wherry.guarded(…, true)`.
        var guardsID: Bool
        /// Which parameter is the number of the advisory lock that is tried; `nil` if none is.
        var lockParameter: Int?
    }

    enum Position: Sendable, Hashable {
        /// Flushed on a primary, replayed on a standby.
        case flushed
        /// Where the next record would go: some of what lies below may not be flushed, or never reach a replica before somebody writes again.
        case inserted
    }

    /// `keepsSnapshot`: all its statements see what the first one does.
    case begin(keepsSnapshot: Bool)
    case commit
    case rollBack
    /// Settings and roles, of which nothing here depends.
    case settings
    case enter(Entry)
    case insertReceipt(ignoresConflict: Bool, guardsID: Bool)
    case insertKey(ignoresConflict: Bool)
    case lookUpReceipts
    case checkKey
    case lookUpKey
    case position(Position)
    case endTwin
    /// The notifier's first question: role, position, server.
    case state
    case newestEpoch
    case server

    private static let known = Locked<[String: ModelStatement]>([:])

    /// Reads the text of a statement of the product's.
    init(_ text: String) {
        if let known = Self.known.withLock({ $0[text] }) {
            self = known
            return
        }
        guard let statement = Self.read(text) else { preconditionFailure("the model database does not know this statement: \(text)") }
        Self.known.withLock { $0[text] = statement }
        self = statement
    }

    private static func read(_ text: String) -> ModelStatement? {
        func has(_ part: String) -> Bool { text.contains(part) }
        if text.hasPrefix("BEGIN") { return .begin(keepsSnapshot: has("REPEATABLE READ") || has("SERIALIZABLE")) }
        if text == "COMMIT" { return .commit }
        if text == "ROLLBACK" { return .rollBack }
        if text.hasPrefix("RESET ") { return .settings }
        if text.hasPrefix("INSERT INTO wherry.receipts") {
            return .insertReceipt(ignoresConflict: has("ON CONFLICT"), guardsID: has("wherry.guarded("))
        }
        if text.hasPrefix("INSERT INTO wherry.keys") { return .insertKey(ignoresConflict: has("ON CONFLICT")) }
        guard text.hasPrefix("SELECT") else { return nil }
        if has("pg_terminate_backend") { return .endTwin }
        if has("FROM wherry.keys k JOIN") { return .lookUpKey }
        if has("FROM wherry.keys WHERE") { return .checkKey }
        if has("FROM wherry.receipts WHERE id") { return .lookUpReceipts }
        if has("FROM wherry.epochs") { return .newestEpoch }
        if has("pg_stat_wal_receiver") { return .state }
        if has("pg_postmaster_start_time") { return .server }
        let lock = Self.parameter(of: "pg_try_advisory_xact_lock($", in: text)
        let entry = Entry(checksEpoch: has("wherry.require_epoch("), guardsID: has("wherry.guarded("), lockParameter: lock)
        if entry.checksEpoch || entry.guardsID || lock != nil { return .enter(entry) }
        // A flight's first statement says whether it got its lock, even where it checks nothing.
        if has("AS locked") { return .enter(entry) }
        if has("set_config(") { return .settings }
        if has("pg_current_wal_insert_lsn") { return .position(.inserted) }
        if has("pg_current_wal_flush_lsn") { return .position(.flushed) }
        return nil
    }

    /// Which parameter follows a piece of text that ends with `$`, counted from 0.
    private static func parameter(of piece: String, in text: String) -> Int? {
        guard let range = text.firstRange(of: piece) else { return nil }
        return Int(text[range.upperBound...].prefix { $0.isNumber }).map { $0 - 1 }
    }
}
