/// What the codes of errors promise, written down here once more: the checker takes nobody's word for it.
enum Endings {
    /// It committed all the same.
    static let committed: Set = ["not-yet-visible", "undecodable-result"]
    /// Nobody knows now: there may be an effect, or none.
    static let undecided: Set = ["undecided", "unavailable", "client-closed"]
    /// Nothing is there, and nothing ever will be. Only these may be told in a chaos run; any other code is a contradiction.
    static let without: Set = [
        "handler-failed", "timed-out", "cancelled", "expired", "poisoned", "lost", "never-sent", "overloaded", "unknown-job",
    ]
    /// The outcome that the receipt has to have, where there has to be one.
    static func receipt(for code: String) -> String? {
        switch code {
        case "handler-failed", "timed-out": "failed"
        case "poisoned", "lost": code
        default: nil
        }
    }

    /// The outcomes that a receipt may have, if there is one; `nil`: there may be none.
    static func receipts(allowedFor code: String) -> Set<String>? {
        switch code {
        case "cancelled", "expired": [code]
        case "never-sent", "overloaded", "unknown-job": []
        default: nil
        }
    }
}
