import WherryCore
import WherryWire

@testable import WherryBroker

/// A broker machine, peers by name, and a clock that only the test moves.
struct Stage {
    var machine: BrokerMachine
    var now = MonotonicInstant.zero
    private var generator = SplitMix64(seed: 1)

    static let incarnation = [UInt8](repeating: 0xBB, count: 16)
    static let epoch = Epoch(systemIdentifier: 1, timeline: 1, restoreCounter: 0, random: 42)
    static let primary = PrimaryStatus(epoch: epoch, unixMilliseconds: 1_790_000_000_000)
    static let offers = [Offer(name: "items.create", version: 1), Offer(name: "items.touch", version: 1)]

    init(_ change: (inout BrokerConfiguration) -> Void = { _ in }) {
        var configuration = BrokerConfiguration(region: "syd")
        change(&configuration)
        self.machine = BrokerMachine(configuration: configuration, incarnation: Self.incarnation, seed: 5, now: .zero)
    }

    static func peer(_ name: String) -> PeerID { PeerID(bytes: Array(name.utf8)) }
    static func incarnation(of name: String) -> [UInt8] { Array((name + String(repeating: ".", count: 16)).utf8.prefix(16)) }

    // MARK: Events

    mutating func send(_ message: Message, from name: String) -> [BrokerMachine.Action] {
        self.machine.receive(message, from: Self.peer(name), now: self.now)
    }

    @discardableResult
    mutating func client(_ name: String, at route: String? = nil, outstanding: [JobID] = []) -> [BrokerMachine.Action] {
        let hello = Hello(role: .client(outstanding: outstanding), incarnation: Self.incarnation(of: name), region: "lax")
        return self.send(.hello(hello), from: route ?? name)
    }

    @discardableResult
    mutating func worker(
        _ name: String, at route: String? = nil, capacity: Int = 1, offers: [Offer] = Stage.offers, running: [JobID] = [],
        primary: PrimaryStatus? = Stage.primary, region: String = "syd"
    ) -> [BrokerMachine.Action] {
        let role = Hello.Role.worker(offers: offers, running: running, capacity: capacity, primary: primary)
        return self.send(.hello(Hello(role: role, incarnation: Self.incarnation(of: name), region: region)), from: route ?? name)
    }

    /// Lets time pass in small steps, every peer that is named saying something at each; hands back all that the broker did.
    mutating func pass(_ duration: Duration, alive: [String] = []) -> [BrokerMachine.Action] {
        let end = self.now + duration
        var actions: [BrokerMachine.Action] = []
        while self.now < end {
            self.now = min(end, self.now + .milliseconds(500))
            for name in alive { actions += self.send(.heartbeat(Heartbeat()), from: name) }
            if let deadline = self.machine.nextDeadline, deadline <= self.now { actions += self.machine.tick(now: self.now) }
        }
        return actions
    }

    // MARK: Messages

    mutating func request(
        _ name: String = "items.create", remaining: Duration = .seconds(30), size: Int = 10, isRegionJob: Bool = false
    ) -> Request {
        let id = JobID(unixMilliseconds: Self.primary.unixMilliseconds, using: &self.generator)
        return Request(
            job: JobIdentity(id: id, name: name, version: 1, digest: Array(repeating: 7, count: 32), scope: "default"),
            contentType: "application/json",
            remaining: remaining,
            epoch: Self.epoch,
            isRegionJob: isRegionJob,
            arguments: Array(repeating: 1, count: size)
        )
    }

    static func reply(_ id: JobID) -> Reply {
        Reply(
            id: id,
            outcome: .committed,
            token: CausalToken(epoch: epoch, lsn: LSN(rawValue: 100)),
            fromReceipt: false,
            contentType: "application/json",
            payload: [1]
        )
    }
}

extension [BrokerMachine.Action] {
    /// What was sent to somebody.
    func to(_ name: String) -> [Message] {
        self.compactMap { if case .send(let message, let peer) = $0, peer == Stage.peer(name) { message } else { nil } }
    }

    var notes: [BrokerMachine.Note] {
        self.compactMap { if case .note(let note) = $0 { note } else { nil } }
    }

    func requests(to name: String) -> [Request] {
        self.to(name).compactMap { if case .request(let request) = $0 { request } else { nil } }
    }

    func refusals(to name: String) -> [Refused] {
        self.to(name).compactMap { if case .refused(let refused) = $0 { refused } else { nil } }
    }

    func replies(to name: String) -> [Reply] {
        self.to(name).compactMap { if case .reply(let reply) = $0 { reply } else { nil } }
    }

    func welcomes(to name: String) -> [Welcome] {
        self.to(name).compactMap { if case .welcome(let welcome) = $0 { welcome } else { nil } }
    }

    func acknowledgements(to name: String) -> [Queued] {
        self.to(name).compactMap { if case .queued(let queued) = $0 { queued } else { nil } }
    }

    func disconnects(to name: String) -> [Disconnect] {
        self.to(name).compactMap { if case .disconnect(let disconnect) = $0 { disconnect } else { nil } }
    }

    func fences(to name: String) -> [Fence] {
        self.to(name).compactMap { if case .fence(let fence) = $0 { fence } else { nil } }
    }

    /// The workers that got requests, in the order in which they got them.
    var dispatches: [(worker: String, request: Request)] {
        self.compactMap {
            if case .send(.request(let request), let peer) = $0 { (String(decoding: peer.bytes, as: UTF8.self), request) } else { nil }
        }
    }
}
