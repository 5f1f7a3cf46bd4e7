import DemoShared
import Logging
import ServiceLifecycle
import UnixSignals
import WherryWorker

/// A worker of the chaos run. Where its brokers and its database are, it is told by its environment; it also ends with the run that started it.
@main
struct ChaosWorker {
    static func main() async throws {
        let group = ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: Worker(handlers: ChaosHandlers.make())),
                    .init(service: InputEnd(), successTerminationBehavior: .cancelGroup),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: Logger(label: "wherry-chaos-worker")
            )
        )
        try await group.run()
    }
}
