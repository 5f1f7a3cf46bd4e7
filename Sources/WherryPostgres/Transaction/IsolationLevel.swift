/// How far a transaction is kept from others (manual, "Transaction Isolation").
public enum IsolationLevel: String, Hashable, Sendable {
    /// Each statement sees what was committed before it.
    case readCommitted = "READ COMMITTED"
    /// The whole transaction sees what was committed before its first statement.
    case repeatableRead = "REPEATABLE READ"
    /// As if transactions ran one after another. Not on a standby.
    case serializable = "SERIALIZABLE"
}
