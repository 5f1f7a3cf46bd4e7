import DemoShared
import Logging
import ServiceLifecycle
import UnixSignals
import WherryWorker

/// The worker of the demo. Where its broker and its database are, it is told by its environment: see `Worker.Configuration.fromEnvironment`.
///
/// A worker of your own needs one line less: `try await Worker(handlers: …).run()`. This one also ends with the demo that started it.
@main
struct DemoWorker {
    static func main() async throws {
        let group = ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: Worker(handlers: DemoHandlers.make())),
                    .init(service: InputEnd(), successTerminationBehavior: .gracefullyShutdownGroup),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: Logger(label: "wherry-demo-worker")
            )
        )
        try await group.run()
    }
}
