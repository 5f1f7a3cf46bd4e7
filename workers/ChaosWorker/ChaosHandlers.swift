import ChaosJobs
import WherryWorker

/// What the chaos run's worker can do.
enum ChaosHandlers {
    static func make() -> Handlers {
        var handlers = Handlers()

        // The accounts are locked in the order of the money's way, so some transfers deadlock: such a job is run again.
        handlers.handle(Transfer.self) { job, transaction, context in
            try await transaction.execute("UPDATE chaos.accounts SET balance = balance - \(job.amount) WHERE id = \(job.source)")
            if job.pauseMilliseconds > 0 { try await Task.sleep(for: .milliseconds(job.pauseMilliseconds)) }
            try await transaction.execute("UPDATE chaos.accounts SET balance = balance + \(job.amount) WHERE id = \(job.target)")
            try await transaction.execute(
                """
                INSERT INTO chaos.ledger (job, source, target, amount)
                VALUES (\(context.id.uuid), \(job.source), \(job.target), \(job.amount))
                """)
        }

        handlers.handle(Append.self) { job, transaction, context in
            try await transaction.query(
                """
                INSERT INTO chaos.entries (job, list, number, position)
                SELECT \(context.id.uuid), \(job.list), \(job.number), count(*) + 1 FROM chaos.entries WHERE list = \(job.list)
                RETURNING position
                """
            ).scalar(as: Int.self)
        }

        handlers.handle(Order.self) { job, transaction, context in
            try await transaction.execute("INSERT INTO chaos.orders (job, key) VALUES (\(context.id.uuid), \(job.key))")
            return "\(context.id)"
        }

        handlers.handle(Failure.self) { _, transaction, context in
            try await transaction.execute("INSERT INTO chaos.failures (job) VALUES (\(context.id.uuid))")
            throw JobFailure("as it was told to")
        }

        return handlers
    }
}
