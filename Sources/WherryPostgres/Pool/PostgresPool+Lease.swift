internal import Synchronization
internal import WherryCore

extension PostgresPool {
    /// A connection of a pool's, lent to one caller, who must give it back.
    package final class Lease: Sendable {
        /// The connection.
        package let connection: PostgresConnection
        private let id: PoolMachine.ConnectionID
        private let pool: PostgresPool
        private let isOver = Atomic<Bool>(false)

        init(connection: PostgresConnection, id: PoolMachine.ConnectionID, pool: PostgresPool) {
            self.connection = connection
            self.id = id
            self.pool = pool
        }

        deinit {
            assert(self.isOver.load(ordering: .relaxed), "a lease was dropped without being given back")
        }

        /// Gives the connection back; only the first time counts.
        ///
        /// - Parameters:
        ///   - discard: closes it, as after every doubt about it.
        ///   - reset: puts the session back into the state of a new one (correctness.md, rule 26); `false` only where nothing of the user's ran on it.
        package func giveBack(discard: Bool = false, reset: Bool = true) {
            guard !self.isOver.exchange(true, ordering: .relaxed) else { return }
            self.pool.giveBack(self.id, discard: discard, reset: reset)
        }
    }
}
