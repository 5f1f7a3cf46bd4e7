import Testing
import Wherry
import WherryCore
import WherryJobs
import WherryPostgres
import WherryWire

/// Drives a notifier machine by hand: a clock, a server that is what the test says it is, and what came out.
struct NotifierBench {
    typealias WaiterID = ReplayNotifierMachine.WaiterID

    var machine: ReplayNotifierMachine
    var now = MonotonicInstant.zero
    var state: ReplayObservation.State
    var epoch: Epoch?
    var receipts: [JobID: Receipt] = [:]
    var identity = ServerIdentity(systemIdentifier: 7, address: "local", startTime: 1)

    /// Polls that were asked for and not yet answered.
    var asked: [(connection: Int, receipts: [JobID])] = []
    var connects: [Int] = []
    var disconnects: [Int] = []
    var finished: [WaiterID: ReplayVerdict] = [:]
    var others: [ReplayNotifierMachine.Action] = []
    var pollCount = 0
    private var lastID: UInt64 = 0

    static let first = Epoch(systemIdentifier: 7, timeline: 1, restoreCounter: 0, random: 10)
    static let second = Epoch(systemIdentifier: 7, timeline: 2, restoreCounter: 0, random: 20)
    static let fork = Epoch(systemIdentifier: 7, timeline: 1, restoreCounter: 0, random: 11)
    static let foreign = Epoch(systemIdentifier: 8, timeline: 1, restoreCounter: 0, random: 10)

    init(_ configure: (inout ReplayNotifierConfiguration) -> Void = { _ in }) {
        var configuration = ReplayNotifierConfiguration()
        configure(&configuration)
        self.machine = ReplayNotifierMachine(configuration: configuration, seed: 1)
        self.state = ReplayObservation.State(isInRecovery: true, position: LSN(rawValue: 100), startTime: 1)
        self.epoch = Self.first
    }

    mutating func send(_ event: ReplayNotifierMachine.Event) {
        for action in self.machine.handle(event, now: self.now) {
            switch action {
            case .connect(let number): self.connects.append(number)
            case .disconnect(let number):
                self.disconnects.append(number)
                self.asked.removeAll { $0.connection == number }
            case .poll(let number, let receipts):
                self.asked.append((number, receipts))
                self.pollCount += 1
            case .finish(let id, let verdict):
                #expect(self.finished[id] == nil, "a wait ended twice")
                self.finished[id] = verdict
            case .epochSeen, .roleChanged, .serverChanged: self.others.append(action)
            }
        }
    }

    mutating func watch(_ condition: ReplayCondition, within: Duration? = .seconds(30)) -> WaiterID {
        self.lastID += 1
        let id = WaiterID(rawValue: self.lastID)
        self.send(.watch(id, condition, deadline: within.map { self.now + $0 }))
        return id
    }

    /// A wait for a position.
    mutating func watch(_ lsn: UInt64, of epoch: Epoch = first, within: Duration? = .seconds(30)) -> WaiterID {
        self.watch(.position(CausalToken(epoch: epoch, lsn: LSN(rawValue: lsn))), within: within)
    }

    /// A wait for a job's proof.
    mutating func prove(_ id: JobID, at lsn: UInt64, of epoch: Epoch = first, within: Duration? = .seconds(30)) -> WaiterID {
        self.watch(.proof(id, CausalToken(epoch: epoch, lsn: LSN(rawValue: lsn))), within: within)
    }

    mutating func connect() {
        if let number = self.connects.last { self.send(.connected(number, self.identity)) }
    }

    mutating func lose() {
        if let number = self.connects.last { self.send(.disconnected(number, reason: "gone")) }
        self.asked = []
    }

    /// Answers the poll that is out with what the server is now.
    mutating func answer(after duration: Duration = .microseconds(100), denied: String? = nil) {
        guard !self.asked.isEmpty else { return }
        let poll = self.asked.removeFirst()
        self.now = self.now + duration
        let found = Dictionary(uniqueKeysWithValues: Set(poll.receipts).compactMap { id in self.receipts[id].map { (id, $0) } })
        let observation = ReplayObservation(
            state: self.state, epoch: self.epoch, receipts: found, positionAfter: self.state.position, denied: denied)
        self.send(.observed(poll.connection, observation))
    }

    /// Lets time pass, answering every poll and firing every alarm.
    mutating func run(for duration: Duration) {
        let end = self.now + duration
        while true {
            if !self.asked.isEmpty {
                self.answer()
                continue
            }
            guard let deadline = self.machine.nextDeadline, deadline <= end else { break }
            self.now = max(self.now, deadline)
            self.send(.tick)
        }
        self.now = max(self.now, end)
    }

    /// Connected, and two polls old: what it sees counts.
    static func warm(_ configure: (inout ReplayNotifierConfiguration) -> Void = { _ in }) -> NotifierBench {
        var bench = NotifierBench(configure)
        let id = bench.watch(1)
        bench.connect()
        bench.run(for: .milliseconds(5))
        #expect(bench.finished[id] != nil)
        bench.finished = [:]
        bench.others = []
        bench.pollCount = 0
        return bench
    }
}

/// An id that sorts by its number.
func makeJobID(_ number: Int) -> JobID {
    var random = SplitMix64(seed: UInt64(number))
    return JobID(unixMilliseconds: 1_700_000_000_000 + Int64(number), using: &random)
}

func makeReceipt(_ id: JobID, _ outcome: Outcome = .committed, name: String = "items.touch") -> Receipt {
    Receipt(
        job: JobIdentity(id: id, name: name, version: 1, digest: Array(repeating: 1, count: 32), scope: "default"), outcome: outcome,
        contentType: "application/json", payload: Array("{}".utf8))
}
