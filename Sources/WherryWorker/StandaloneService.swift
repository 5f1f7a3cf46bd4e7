import Logging
// `TaskLocals` tells whether a service group runs this task, which nothing else does. ServiceLifecycle's own test kit stands on it.
@_spi(TestKit) import ServiceLifecycle
import WherryBroker

/// Runs a service that nobody put into a group as a group of its own, so that signals end it.
enum StandaloneService {
    /// Whether a service group runs this task: then signals are the group's business.
    static var isInServiceGroup: Bool { TaskLocals.gracefulShutdownManager != nil }

    /// Runs one service until it ends, or SIGTERM or SIGINT tell it to.
    static func run(_ service: some Service, logger: Logger) async throws {
        try await SignalledRun.run([.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)], logger: logger)
    }
}
