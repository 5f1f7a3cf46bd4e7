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
            /// Its address has vanished: its place in the table is free for another.
            case closed
        }

        let target: BrokerDirectory.Target
        /// Part of the incarnation that this worker shows there: two addresses of one broker must not look like one peer that moves to and fro.
        let serial: UInt64
        /// Its address has vanished: nothing new is taken from there, and it closes when nothing is held for it, but not before this.
        var retiresAt: MonotonicInstant?
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

        /// It stands in another region, which was said already.
        var elsewhereLogged = false

        init(_ target: BrokerDirectory.Target, serial: UInt64, state: State) {
            self.target = target
            self.serial = serial
            self.state = state
        }

        var isOpen: Bool {
            switch self.state {
            case .greeting, .serving: true
            case .waiting, .closed: false
            }
        }
    }
}
