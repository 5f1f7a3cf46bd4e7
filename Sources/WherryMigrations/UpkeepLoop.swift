package import Logging
package import WherryPostgres

/// Makes and drops partitions of the receipts now and then, where the role may: in processes that run jobs.
package struct UpkeepLoop: Sendable {
    /// How soon upkeep is tried again after it failed.
    private static let retryInterval = Duration.seconds(30)

    private let interval: Duration?
    private let pool: PostgresPool
    private let logger: Logger

    /// - Parameters:
    ///   - interval: between two runs; `nil` leaves upkeep to others.
    ///   - pool: of connections to the primary.
    package init(interval: Duration?, pool: PostgresPool, logger: Logger) {
        self.interval = interval
        self.pool = pool
        self.logger = logger
    }

    /// Runs until the task is cancelled, or the role turns out not to own the receipts.
    package func run() async {
        guard let interval else { return }
        var hasFailed = false
        while !Task.isCancelled {
            do {
                let report = try await self.pool.withConnection { connection in
                    try await Upkeep(connection: connection, logger: self.logger).runIfPermitted()
                }
                guard report != nil else {
                    self.logger.info("this process's role does not own the receipts: run `wherry upkeep` as the one that does")
                    return
                }
                hasFailed = false
            } catch {
                if !hasFailed, !Task.isCancelled {
                    self.logger.warning("upkeep did not run; trying again", metadata: ["error": "\(error)"])
                }
                hasFailed = true
            }
            try? await Task.sleep(for: hasFailed ? min(interval, Self.retryInterval) : interval)
        }
    }
}
