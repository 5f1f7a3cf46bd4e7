public import Logging
package import WherryCore
public enum IsolationLevel: Sendable, Hashable { case readCommitted, repeatableRead, serializable }
public struct Transaction: Sendable {}
package actor PostgresConnection {
    package func perform(_ flight: Flight) async -> [[StatementOutcome]] { [] }
    package func query(_ sql: SQL) async throws(PostgresError) -> QueryResult { fatalError() }
}
