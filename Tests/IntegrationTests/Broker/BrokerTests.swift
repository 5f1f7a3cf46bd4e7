import Foundation
import Logging
import Testing
import WherryBroker
import WherryCore
import WherryWire

@Suite(.timeLimit(.minutes(2))) struct BrokerTests {
    // MARK: Traffic

    @Test(arguments: [
        (client: "tcp://127.0.0.1:*", worker: "ipc://*"), (client: "ipc://*", worker: "tcp://127.0.0.1:*"),
        (client: "tcp://127.0.0.1:*", worker: "inproc://broker-tests-traffic"),
    ])
    func `a job goes from a client at one endpoint to a worker at another, and comes back`(client: String, worker: String) async throws {
        try await RunningBroker.with(binds: [client, worker]) { running in
            let worker = try await RawPeer.worker(at: running.endpoints[1], incarnation: 1)
            let client = try await RawPeer.client(at: running.endpoints[0], incarnation: 2)
            let request = BrokerSamples.request()
            try await client.send(.request(request))
            #expect(try await client.nextQueued().id == request.job.id)
            let received = try await worker.nextRequest()
            #expect(received.job == request.job)
            #expect(received.arguments == request.arguments)
            #expect(received.remaining <= request.remaining)
            try await worker.send(.reply(BrokerSamples.reply(to: received)))
            let reply = try await client.nextReply()
            #expect(reply.payload == request.arguments)
            #expect(reply.timings[.brokerQueue] != nil)
        }
    }

    @Test func `two thousand jobs of three clients through two workers all come back`() async throws {
        try await RunningBroker.with { running in
            let endpoint = running.endpoints[0]
            try await withThrowingTaskGroup(of: Int.self) { tasks in
                var workers: [Task<Void, any Error>] = []
                for number in 0..<2 {
                    let worker = try await RawPeer.worker(at: endpoint, incarnation: UInt8(number), capacity: 20)
                    workers.append(Task { while true { try await worker.send(.reply(BrokerSamples.reply(to: worker.nextRequest()))) } })
                }
                for number in 0..<3 {
                    let client = try await RawPeer.client(at: endpoint, incarnation: UInt8(10 + number))
                    tasks.addTask {
                        let requests = (0..<667).map { _ in BrokerSamples.request() }
                        for request in requests { try await client.send(.request(request)) }
                        var answered: Set<JobID> = []
                        for _ in requests { answered.insert(try await client.nextReply().id) }
                        return answered.intersection(requests.map(\.job.id)).count
                    }
                }
                var total = 0
                for try await count in tasks { total += count }
                #expect(total == 2_001)
                for worker in workers { worker.cancel() }
            }
        }
    }

    @Test func `a worker that vanishes loses its job to another one`() async throws {
        try await RunningBroker.with { running in
            let endpoint = running.endpoints[0]
            let first = try await RawPeer.worker(at: endpoint, incarnation: 1)
            let client = try await RawPeer.client(at: endpoint, incarnation: 2)
            let request = BrokerSamples.request()
            try await client.send(.request(request))
            #expect(try await !first.nextRequest().redelivered)
            try await first.send(.running(Running(id: request.job.id, attempts: 0)))
            _ = try await client.next("RUNNING") { if case .running = $0 { true } else { nil } }
            await first.vanish()
            let second = try await RawPeer.worker(at: endpoint, incarnation: 3)
            let again = try await second.nextRequest()
            #expect(again.job.id == request.job.id)
            #expect(again.redelivered)
            #expect(again.attempts == 1)
            try await second.send(.reply(BrokerSamples.reply(to: again)))
            #expect(try await client.nextReply().id == request.job.id)
        }
    }

    @Test func `a client that does not read what it is sent is forgotten, and the broker lives on`() async throws {
        try await RunningBroker.with {
            $0.limits.jobsPerWorker = 1
            $0.limits.questionsPerWorker = 1
            $0.limits.queuedJobsPerClient = 1
        } use: { running in
            let endpoint = running.endpoints[0]
            let worker = try await RawPeer.worker(at: endpoint, incarnation: 1)
            let deaf = RawPeer()
            try await deaf.connect(to: endpoint, isReading: false)
            try await deaf.send(.hello(Hello(role: .client(outstanding: []), incarnation: Array(repeating: 2, count: 16), region: "lax")))
            let request = BrokerSamples.request()
            try await deaf.send(.request(request))
            _ = try await worker.nextRequest()
            // Far more than the kernel's buffers, the client's queue of a thousand messages and the broker's of a few hold.
            let progress = Array(repeating: UInt8(0), count: 100_000)
            for number in 0..<2_000 {
                let partial = Partial(id: request.job.id, sequence: UInt64(number), contentType: "text/plain", payload: progress)
                try await worker.send(.partial(partial))
            }
            // The broker has read all of it once it answers a question that came after it.
            let client = try await RawPeer.client(at: endpoint, incarnation: 3)
            try await worker.send(.hello(Self.hello(worker: 1)))
            _ = try await worker.next("WELCOME") { if case .welcome = $0 { true } else { nil } }
            try await deaf.send(.heartbeat(Heartbeat()))
            await deaf.startReading()
            #expect(try await deaf.nextDisconnect().reason == .unknownPeer)
            _ = try await client.greet(.client(outstanding: []), incarnation: 3)
        }
    }

    private static func hello(worker incarnation: UInt8) -> Hello {
        let role = Hello.Role.worker(offers: [Offer(name: "echo", version: 1)], running: [], capacity: 1, primary: BrokerSamples.primary)
        return Hello(role: role, incarnation: Array(repeating: incarnation, count: 16), region: "syd")
    }

    // MARK: Bad input

    @Test(
        arguments: [
            ([[]], Disconnect.Reason.unsupportedVersion), ([Array("GET / HTTP/1.1\r\n\r\n".utf8)], .malformed),
            ([[1], [2], [3], [4]], .malformed), ([[0x08, 0x02]], .unsupportedVersion), ([[0x08, 0x01]], .malformed),
            ([[0x08, 0x01, 0x82, 0x01, 0x00], [0x00]], .malformed),
        ] as [([[UInt8]], Disconnect.Reason)])
    func `who sends no message is told why, known or not, and the broker lives on`(frames: [[UInt8]], reason: Disconnect.Reason)
        async throws
    {
        let recorder = BrokerLogRecorder()
        try await RunningBroker.with(logger: recorder.logger) { running in
            let endpoint = running.endpoints[0]
            let stranger = try await RawPeer.connected(to: endpoint)
            try await stranger.send(frames: frames)
            #expect(try await stranger.nextDisconnect().reason == reason)
            let known = try await RawPeer.client(at: endpoint, incarnation: 1)
            for _ in 0..<20 {
                try await known.send(frames: frames)
                #expect(try await known.nextDisconnect().reason == reason)
            }
            // Both can still talk sense.
            _ = try await stranger.greet(.client(outstanding: []), incarnation: 2)
            _ = try await known.greet(.client(outstanding: []), incarnation: 1)
        }
        // Once per peer, however often it happens.
        #expect(recorder.lines(at: .warning).filter { $0.contains("makes no sense") }.count == 2)
    }

    @Test func `a request that is damaged or too large is refused by its id`() async throws {
        try await RunningBroker.with {
            $0.limits.payloadBytes = 1_000
        } use: { running in
            let client = try await RawPeer.client(at: running.endpoints[0], incarnation: 1)
            let large = BrokerSamples.request(size: 1_001)
            try await client.send(.request(large))
            let tooLarge = try await client.nextRefusal()
            #expect(tooLarge.id == large.job.id)
            #expect(tooLarge.code == .tooLarge)
            #expect(tooLarge.neverDispatched)
            var damaged = BrokerSamples.request()
            damaged.job.digest = [1, 2, 3]
            try await client.send(.request(damaged))
            let malformed = try await client.nextRefusal()
            #expect(malformed.id == damaged.job.id)
            #expect(malformed.code == .malformed)
            #expect(malformed.message.contains("digest"))
        }
    }

    @Test func `a peer that is not known is told so, and says HELLO on the same socket`() async throws {
        try await RunningBroker.with { running in
            let peer = try await RawPeer.connected(to: running.endpoints[0])
            try await peer.send(.request(BrokerSamples.request()))
            #expect(try await peer.nextDisconnect().reason == .unknownPeer)
            #expect(try await peer.greet(.client(outstanding: []), incarnation: 1).region == "syd")
        }
    }

    // MARK: Life

    @Test func `a graceful shutdown hands waiting jobs back, lets workers finish and says goodbye`() async throws {
        try await RunningBroker.with { running in
            let endpoint = running.endpoints[0]
            let worker = try await RawPeer.worker(at: endpoint, incarnation: 1, capacity: 1)
            let client = try await RawPeer.client(at: endpoint, incarnation: 2)
            let (held, waiting) = (BrokerSamples.request(), BrokerSamples.request())
            try await client.send(.request(held))
            let received = try await worker.nextRequest()
            try await client.send(.request(waiting))
            _ = try await client.nextQueued()
            _ = try await client.nextQueued()
            await running.drain()
            let refused = try await client.nextRefusal()
            #expect(refused.id == waiting.job.id)
            #expect(refused.code == .drained)
            #expect(refused.neverDispatched)
            try await worker.send(.reply(BrokerSamples.reply(to: received)))
            #expect(try await client.nextReply().id == held.job.id)
            #expect(try await client.nextDisconnect().reason == .leaving)
            #expect(try await worker.nextDisconnect().reason == .leaving)
        }
    }

    @Test func `a drain that takes too long ends all the same`() async throws {
        try await RunningBroker.with {
            $0.drainTimeout = .milliseconds(50)
        } use: { running in
            let worker = try await RawPeer.worker(at: running.endpoints[0], incarnation: 1, capacity: 1)
            let client = try await RawPeer.client(at: running.endpoints[0], incarnation: 2)
            try await client.send(.request(BrokerSamples.request()))
            _ = try await worker.nextRequest()
            await running.drain()
            #expect(try await client.nextDisconnect().reason == .leaving)
        }
    }

    @Test func `a broker that starts anew at the same endpoint learns from its worker what runs, and disowns nothing of it`() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("wherry-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let endpoint = "ipc://\(folder.path)/broker"
        let (held, lost) = (BrokerSamples.request(), BrokerSamples.request())
        // The first one dies without a goodbye that anybody listens to.
        try await RunningBroker.with(binds: [endpoint]) {
            $0.drainTimeout = .zero
        } use: { running in
            let worker = try await RawPeer.worker(at: endpoint, incarnation: 1)
            let client = try await RawPeer.client(at: endpoint, incarnation: 2)
            try await client.send(.request(held))
            _ = try await worker.nextRequest()
            await worker.vanish()
            await client.vanish()
        }
        try await RunningBroker.with(binds: [endpoint]) { running in
            let worker = try await RawPeer.worker(at: endpoint, incarnation: 1, running: [held.job.id])
            let client = try await RawPeer.connected(to: endpoint)
            let welcome = try await client.greet(.client(outstanding: [held.job.id, lost.job.id]), incarnation: 2)
            #expect(welcome.disowned == [lost.job.id])
            try await worker.send(.reply(BrokerSamples.reply(to: held)))
            #expect(try await client.nextReply().id == held.job.id)
        }
    }

    @Test func `cancelling ends it at once`() async throws {
        let broker = Broker(
            configuration: BrokerConfiguration(region: "syd", binds: ["tcp://127.0.0.1:*"]),
            logger: BrokerLogRecorder().logger
        )
        let task = Task { try await broker.run() }
        let endpoint = try await broker.endpoints[0]
        let client = try await RawPeer.client(at: endpoint, incarnation: 1)
        task.cancel()
        try await task.value
        #expect(try await client.nextDisconnect().reason == .leaving)
        await #expect(throws: BrokerError.self) { try await broker.endpoints }
    }

    @Test func `it runs once`() async throws {
        try await RunningBroker.with { running in
            let error = await #expect(throws: BrokerError.self) { try await running.broker.run() }
            #expect(error?.code == .alreadyRan)
        }
    }

    @Test func `an endpoint that is taken is a clear error that names it, also to those who wait for endpoints`() async throws {
        try await RunningBroker.with { running in
            let second = Broker(
                configuration: BrokerConfiguration(region: "syd", binds: ["tcp://127.0.0.1:*", running.endpoints[0]]),
                logger: BrokerLogRecorder().logger
            )
            let waiting = Task { try await second.endpoints }
            let error = await #expect(throws: BrokerError.self) { try await second.run() }
            #expect(error?.code == .cannotBind)
            #expect(error?.endpoint == running.endpoints[0])
            #expect(error?.isRetryable == true)
            await #expect(throws: BrokerError.self) { try await waiting.value }
        }
    }

    @Test func `waiting for the endpoints of a broker that does not start can be cancelled`() async throws {
        let broker = Broker(
            configuration: BrokerConfiguration(region: "syd", binds: ["inproc://never"]), logger: BrokerLogRecorder().logger)
        let waiting = Task { try await broker.endpoints }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
    }

    @Test(arguments: ["binds", "region", "scope", "heartbeatInterval", "livenessIntervals", "payloadBytes", "jobsPerWorker", "queuedJobs"])
    func `a configuration that is out of range is refused by the name of the value`(name: String) async throws {
        var configuration = BrokerConfiguration(region: "syd", binds: ["inproc://never"])
        switch name {
        case "binds": configuration.binds = []
        case "region": configuration.region = ""
        case "scope": configuration.scope = String(repeating: "x", count: 201)
        case "heartbeatInterval": configuration.heartbeatInterval = .zero
        case "livenessIntervals": configuration.livenessIntervals = 2
        case "payloadBytes": configuration.limits.payloadBytes = .max
        case "jobsPerWorker": configuration.limits.jobsPerWorker = 0
        default: configuration.limits.queuedJobs = -1
        }
        let broker = Broker(configuration: configuration, logger: BrokerLogRecorder().logger)
        let error = await #expect(throws: BrokerError.self) { try await broker.run() }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains(name) == true)
    }
}
