import Logging
// `TaskLocals` tells whether a service group runs this task, which nothing else does. ServiceLifecycle's own test kit stands on it.
@_spi(TestKit) import ServiceLifecycle
import UnixSignals

/// Runs a service that nobody put into a group as a group of its own, so that signals end it gracefully.
enum StandaloneService {
    /// Whether a service group runs this task: then signals are the group's business.
    static var isInServiceGroup: Bool { TaskLocals.gracefulShutdownManager != nil }

    /// Runs one service until it ends, or SIGTERM or SIGINT tell it to.
    static func run(_ service: some Service, logger: Logger) async throws {
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger
            )
        )
        try await group.run()
    }
}
