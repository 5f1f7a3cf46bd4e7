import FaultJobs
import Foundation
import ServiceLifecycle
import WherryWorker

/// A worker for tests to kill, freeze and starve. What its handlers do they say in lines on its standard output.
///
/// With `FAULT_WORKER_NEW` in its environment it is of a newer version, which has a job more. It ends with its standard input, so that it does not
/// outlive a test that was killed.
@main
struct FaultWorker {
    static func main() async throws {
        Thread.detachNewThread {
            while !FileHandle.standardInput.availableData.isEmpty {}
            exit(3)
        }
        var handlers = Handlers()
        handlers.handle(Act.self) { job, transaction in
            Self.say("began \(job.item)")
            if job.kind == .rejectTwice {
                let there = try await transaction.scalar("SELECT count(*) FROM items WHERE item = \(job.item)", as: Int.self)
                if there > 0 { throw JobFailure(Rejected(item: job.item)) }
            }
            try await transaction.execute("INSERT INTO items VALUES (\(job.item))")
            switch job.kind {
            case .insert, .rejectTwice: break
            case .hold:
                try await withGracefulShutdownHandler {
                    Self.say("holding \(job.item)")
                    try await Task.sleep(for: .seconds(job.seconds))
                } onGracefulShutdown: {
                    Self.say("draining with \(job.item)")
                }
            case .die: kill(getpid(), SIGKILL)
            case .block:
                Self.say("blocking \(job.item)")
                Self.block(until: .now + .seconds(job.seconds))
            }
            return job.item
        }
        if ProcessInfo.processInfo.environment["FAULT_WORKER_NEW"] != nil {
            handlers.handle(NewAct.self) { job, transaction in
                try await transaction.execute("INSERT INTO items VALUES (\(job.item))")
                return job.item
            }
        }
        try await Worker(handlers: handlers).run()
        Self.say("ended")
    }

    private static func say(_ line: String) {
        print(line)
        fflush(nil)
    }

    private static func block(until end: ContinuousClock.Instant) {
        while ContinuousClock.now < end { usleep(10_000) }
    }
}
