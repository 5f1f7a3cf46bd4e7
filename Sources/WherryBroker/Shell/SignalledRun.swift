package import Logging
package import ServiceLifecycle
internal import UnixSignals

/// Runs services as the main job of a process: the first SIGTERM or SIGINT lets them finish what they have, a second one hurries them.
///
/// A `ServiceGroup` by itself listens to the first signal only.
package enum SignalledRun {
    /// Runs services until they end.
    ///
    /// A process that was hurried has done what it was told to, and so ends like one that was not: without an error.
    package static func run(_ services: [ServiceGroupConfiguration.ServiceConfiguration], logger: Logger) async throws {
        let group = ServiceGroup(configuration: ServiceGroupConfiguration(services: services, logger: logger))
        // Listens before anything runs, so that no signal finds the process without a handler.
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        try await withThrowingTaskGroup(of: Event.self) { tasks in
            tasks.addTask {
                try await group.run()
                return .ended
            }
            tasks.addTask {
                var count = 0
                for await _ in signals {
                    count += 1
                    if count > 1 { return .hurried }
                    await group.triggerGracefulShutdown()
                }
                return .ended
            }
            let first = try await tasks.next()
            tasks.cancelAll()
            do {
                try await tasks.waitForAll()
            } catch is CancellationError where first == .hurried {}
        }
    }

    private enum Event: Sendable {
        case ended
        case hurried
    }
}
