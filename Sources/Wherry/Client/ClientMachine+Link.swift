import WherryCore

extension ClientMachine {
    /// The link to one broker.
    struct Link: Sendable {
        enum State: Sendable {
            /// Can go to `greeting` at `retryAt`.
            case down(retryAt: MonotonicInstant)
            /// The socket is open, HELLO is said or about to be. Can go to `ready`, `down`.
            case greeting
            /// WELCOME was heard. Can go to `greeting` when the broker has forgotten this client, to `down` when it is silent.
            case ready(incarnation: [UInt8])
            /// After shutdown, or when its address has vanished: then its place in the table is free for another.
            case closed
        }

        let target: BrokerDirectory.Target
        /// The region that its broker stands in.
        let region: String
        /// Part of the incarnation that this client shows there: two addresses of one broker must not look like one peer that moves to and fro.
        let serial: UInt64
        /// Its address has vanished: nothing new goes there, and it closes when nothing is outstanding.
        var isRetiring = false
        var state = State.down(retryAt: .zero)
        var interval: Duration
        var failures = 0
        var lastHeard = MonotonicInstant.zero
        var lastSent = MonotonicInstant.zero
        /// After the process was frozen: nothing before counts as overdue.
        var resumedAt = MonotonicInstant.zero
        var helloSentAt: MonotonicInstant?
        var helloDue: MonotonicInstant?
        /// A HELLO is out whose WELCOME has not come.
        var awaitsWelcome = false
        /// ZeroMQ takes nothing until then.
        var blockedUntil: MonotonicInstant?
        /// The jobs that this broker holds as far as the client knows, those included that wait to be sent again elsewhere.
        var outstanding: Set<Handle> = []
        var problem: String?

        init(_ target: BrokerDirectory.Target, region: String, serial: UInt64, interval: Duration) {
            self.target = target
            self.region = region
            self.serial = serial
            self.interval = interval
        }

        var endpoint: String { self.target.endpoint }

        var isClosed: Bool {
            if case .closed = self.state { true } else { false }
        }

        var isReady: Bool {
            if case .ready = self.state { true } else { false }
        }

        var isOpen: Bool {
            switch self.state {
            case .greeting, .ready: true
            case .down, .closed: false
            }
        }

        var incarnation: [UInt8]? {
            if case .ready(let incarnation) = self.state { incarnation } else { nil }
        }

        func liveness(_ configuration: ClientMachineConfiguration) -> Duration {
            self.interval * configuration.livenessIntervals
        }

        /// When the link wants attention.
        func wake(_ configuration: ClientMachineConfiguration) -> MonotonicInstant? {
            switch self.state {
            case .down(let retryAt): retryAt
            case .greeting: min(self.lastHeard + self.liveness(configuration), self.helloDue ?? .init(nanoseconds: .max))
            case .ready:
                min(
                    self.lastHeard + self.liveness(configuration),
                    self.lastSent + self.interval,
                    self.helloDue ?? .init(nanoseconds: .max)
                )
            case .closed: nil
            }
        }
    }
}
