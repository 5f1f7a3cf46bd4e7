import WherryCore

extension WorkerMachine {
    /// What the machine knows of one broker.
    struct Link: Sendable {
        enum State: Hashable, Sendable {
            /// No socket; the next attempt is due then. Can transition to: `greeting`.
            case waiting(until: MonotonicInstant?)
            /// HELLO is sent. Can transition to: `serving`, `waiting`.
            case greeting(since: MonotonicInstant)
            /// WELCOME has come. Can transition to: `greeting`, `waiting`.
            case serving
        }

        var state = State.waiting(until: nil)
        /// As the newest WELCOME says, within reason.
        var heartbeatInterval: Duration?
        var lastHeard = MonotonicInstant.zero
        var nextHeartbeat = MonotonicInstant.zero
        /// The credit that the broker was told last, by HELLO or CREDIT.
        var credit = 0
        var reconnectDelay = Duration.zero
        /// Refused or silent: said so already, so it is not logged at every further attempt.
        var failureLogged = false

        /// It sent what is no message; said so already.
        var nonsenseLogged = false

        var isOpen: Bool {
            if case .waiting = self.state { false } else { true }
        }
    }
}
