import Logging
import ServiceLifecycle
import WherryBroker

/// Runs a broker while a test uses it, and sees to it that it ends.
struct RunningBroker {
    let broker: Broker
    let endpoints: [String]
    let group: ServiceGroup

    static func with(
        binds: [String] = ["tcp://127.0.0.1:*"],
        logger: Logger = Logger(label: "broker") { _ in SwiftLogNoOpLogHandler() },
        _ change: (inout BrokerConfiguration) -> Void = { _ in },
        use body: @Sendable @escaping (RunningBroker) async throws -> Void
    ) async throws {
        var configuration = BrokerConfiguration(region: "syd", binds: binds)
        change(&configuration)
        let broker = Broker(configuration: configuration, logger: logger)
        let group = ServiceGroup(services: [broker], logger: Logger(label: "group") { _ in SwiftLogNoOpLogHandler() })
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask {
                defer { Task { await group.triggerGracefulShutdown() } }
                try await body(RunningBroker(broker: broker, endpoints: try await broker.endpoints, group: group))
            }
            try await tasks.waitForAll()
        }
    }

    func drain() async {
        await self.group.triggerGracefulShutdown()
    }
}
