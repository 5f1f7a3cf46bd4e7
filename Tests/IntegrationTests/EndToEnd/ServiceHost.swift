import Logging
import ServiceLifecycle

/// Runs one service in a group of its own, so that a test can end it alone: gracefully or at once.
struct ServiceHost: Sendable {
    private let group: ServiceGroup
    private let task: Task<Void, any Error>

    init(_ service: some Service, logger: Logger) {
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)],
                logger: logger
            )
        )
        self.group = group
        self.task = Task { try await group.run() }
    }

    /// Ends the service as SIGTERM would, and waits until it has.
    func stop() async throws {
        await self.group.triggerGracefulShutdown()
        try await self.task.value
    }

    /// Ends the service without patience.
    func abandon() async {
        self.task.cancel()
        _ = await self.task.result
    }

    /// What the service ends with, if it ends by itself.
    func result() async -> Result<Void, any Error> {
        await self.task.result
    }
}
