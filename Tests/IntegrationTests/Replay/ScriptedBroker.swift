import Wherry
import WherryCore
import WherryEventLoop
import WherryJobs
import WherryPostgres
import WherryWire
import WherryZeroMQ

/// A broker and a worker in one, as small as can be: what stands at the other end of a client's socket in the client's own tests. It writes on a
/// real primary, and does what a job's name says.
actor ScriptedBroker {
    nonisolated let loop = EventLoop.shared
    nonisolated var unownedExecutor: UnownedSerialExecutor { self.loop.asUnownedSerialExecutor() }

    private let primary: PostgresConnection
    private let epoch: Epoch
    private let incarnation: [UInt8] = Array(repeating: 5, count: 16)
    private var socket: ZeroMQSocket?
    private var tasks: [Task<Void, Never>] = []
    private(set) var endpoint = ""
    private(set) var requests = 0

    init(primary: PostgresConnection, epoch: Epoch) {
        self.primary = primary
        self.epoch = epoch
    }

    func start() throws {
        var options = ZeroMQOptions()
        options.sendHighWaterMark = 50_000
        options.receiveHighWaterMark = 50_000
        let socket = try ZeroMQSocket(.router, options: options, loop: self.loop)
        self.socket = socket
        self.endpoint = try socket.bind("tcp://127.0.0.1:*")
        socket.onReadable { [unowned self] in self.assumeIsolated { $0.receive() } }
    }

    func stop() async {
        self.socket?.close()
        self.socket = nil
        for task in self.tasks { await task.value }
    }

    private func receive() {
        try? self.socket?.drain { frames in
            guard let peer = frames.first, let message = try? Message.decode(Array(frames.dropFirst())) else { return }
            self.answer(message, peer)
        }
    }

    private func send(_ message: Message, to peer: [UInt8]) {
        try? self.socket?.send([peer] + message.encode())
    }

    private func answer(_ message: Message, _ peer: [UInt8]) {
        switch message {
        case .hello:
            let welcome = Welcome(
                incarnation: self.incarnation,
                region: "syd",
                disowned: [],
                offers: [],
                primary: PrimaryStatus(epoch: self.epoch, unixMilliseconds: ReplayBench.unixMilliseconds),
                heartbeatInterval: .seconds(1),
                maximumPayloadSize: 1 << 23
            )
            self.send(.welcome(welcome), to: peer)
        case .heartbeat: self.send(.heartbeat(Heartbeat()), to: peer)
        case .request(let request):
            self.requests += 1
            self.send(.queued(Queued(id: request.job.id, incarnation: self.incarnation, duplicate: false)), to: peer)
            switch request.job.name {
            case "touch": self.run(request.job, .committed, peer)
            case "fail": self.run(request.job, .failed, peer)
            case "linger": break
            default:
                self.refuse(request.job.id, .unknownJob, peer)
            }
        case .cancel(let id): self.refuse(id, .cancelled, peer)
        case .fence(let fence): self.run(fence.job, fence.kind, peer)
        default: break
        }
    }

    private func refuse(_ id: JobID, _ code: Refused.Code, _ peer: [UInt8]) {
        let refused = Refused(id: id, code: code, message: "scripted", incarnation: self.incarnation, neverDispatched: true)
        self.send(.refused(refused), to: peer)
    }

    private func run(_ job: JobIdentity, _ outcome: Outcome, _ peer: [UInt8]) {
        self.tasks.append(
            Task {
                let receipt = Receipt(
                    job: job,
                    outcome: outcome,
                    failure: outcome == .committed ? nil : Failure(code: "handler-failed", message: "scripted"),
                    contentType: JobCodec.contentType,
                    payload: Array("7".utf8)
                )
                var statements: [SQL] = ["BEGIN", receipt.insert, "COMMIT"]
                if outcome == .committed { statements.insert("INSERT INTO touched (id) VALUES (\(job.id))", at: 1) }
                let outcomes = await self.primary.perform(Flight([statements, ["SELECT pg_current_wal_flush_lsn()"]]))
                guard let lsn = try? outcomes[1][0].result?.rows.scalar(as: LSN.self) else { return }
                let token = CausalToken(epoch: self.epoch, lsn: lsn)
                let reply = receipt.makeReply(token: token, stored: false, timings: [.worker: .milliseconds(1)])
                self.send(.reply(reply), to: peer)
            }
        )
    }
}
