import WherryCore
import WherryEventLoop
import WherryWire
import WherryZeroMQ

/// Goes to a broker as a client, asks how it is, and leaves: HELLO, STATUS_REQUEST, DISCONNECT.
///
/// Once only. Runs on the event loop.
actor BrokerVisit {
    private nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { self.loop.asUnownedSerialExecutor() }

    private let region: String
    private var answer: BrokerAnswer
    private var socket: ZeroMQSocket?
    private var timer: LoopTimer?
    private var helloAt: MonotonicInstant?
    private var isConnected = false
    private var end: CheckedContinuation<BrokerAnswer, Never>?

    /// libzmq needs a moment to send the goodbye.
    private static let farewellPause = Duration.milliseconds(100)
    /// There is one question at a time.
    private static let question: UInt64 = 1

    private init(_ endpoint: String, region: String, loop: EventLoop) {
        self.answer = BrokerAnswer(endpoint: endpoint)
        self.region = region
        self.loop = loop
    }

    /// Asks one broker.
    ///
    /// - Parameters:
    ///   - endpoint: a ZeroMQ endpoint, such as `tcp://broker:7400`.
    ///   - region: where the visitor says it comes from.
    ///   - limit: how long all of it may take, connecting included.
    static func ask(_ endpoint: String, from region: String, within limit: Duration) async -> BrokerAnswer {
        await BrokerVisit(endpoint, region: region, loop: .shared).run(within: limit)
    }

    /// Asks several at once; their answers are in the same order.
    static func ask(_ endpoints: [String], from region: String, within limit: Duration) async -> [BrokerAnswer] {
        await withTaskGroup(of: (Int, BrokerAnswer).self) { group in
            for (index, endpoint) in endpoints.enumerated() {
                group.addTask { (index, await Self.ask(endpoint, from: region, within: limit)) }
            }
            var answers: [(Int, BrokerAnswer)] = []
            for await answer in group { answers.append(answer) }
            return answers.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private func run(within limit: Duration) async -> BrokerAnswer {
        await withCheckedContinuation { continuation in
            self.end = continuation
            self.timer = self.loop.schedule(after: limit) { self.assumeIsolated { $0.giveUp(after: limit) } }
            do throws(ZeroMQError) {
                let socket = try ZeroMQSocket(.dealer, loop: self.loop)
                self.socket = socket
                socket.onReadable { [unowned self] in self.assumeIsolated { $0.receive() } }
                try socket.connect(self.answer.endpoint)
                // There is room in the queue once there is a connection.
                socket.whenWritable { [unowned self] in self.assumeIsolated { $0.greet() } }
            } catch {
                self.finish(failure: error.message)
            }
        }
    }

    private func greet() {
        self.isConnected = true
        self.helloAt = self.loop.now
        let incarnation = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
        self.send(.hello(Hello(role: .client(outstanding: []), incarnation: incarnation, region: self.region)))
    }

    private func receive() {
        do throws(ZeroMQError) {
            try self.socket?.drain { frames in
                do throws(WireError) {
                    self.handle(try Message.decode(frames))
                } catch {
                    self.finish(failure: "it sent what is no message of this protocol: \(error)")
                }
            }
        } catch {
            self.finish(failure: error.message)
        }
    }

    private func handle(_ message: Message) {
        switch message {
        case .welcome(let welcome):
            if self.answer.welcome == nil {
                self.answer.roundTrip = self.helloAt.map { self.loop.now - $0 }
                self.send(.statusRequest(StatusRequest(number: Self.question)))
            }
            self.answer.welcome = welcome
        case .status(let status) where status.number == Self.question:
            self.answer.status = status
            self.finish()
        case .disconnect(let disconnect):
            let isOlder = disconnect.reason == .malformed && self.answer.welcome != nil
            let words = "\(disconnect.reason.rawValue): \(disconnect.message)"
            self.finish(failure: isOlder ? "it does not know STATUS_REQUEST: it is of an older Wherry" : "it sends us away (\(words))")
        default: break
        }
    }

    private func send(_ message: Message) {
        do throws(ZeroMQError) {
            try self.socket?.send(message.encode())
        } catch {
            self.finish(failure: error.message)
        }
    }

    private func giveUp(after limit: Duration) {
        let time = Figures.time(milliseconds: limit.milliseconds)
        switch (self.isConnected, self.answer.welcome) {
        case (false, _): self.finish(failure: "no connection within \(time)")
        case (true, nil): self.finish(failure: "connected, but no answer within \(time)")
        case (true, _): self.finish(failure: "it answered HELLO, but not STATUS_REQUEST, within \(time)")
        }
    }

    private func finish(failure: String? = nil) {
        guard let end = self.end else { return }
        self.end = nil
        self.timer?.cancel()
        self.answer.failure = failure
        let answer = self.answer
        guard let socket = self.socket, self.isConnected else {
            self.socket?.close()
            return end.resume(returning: answer)
        }
        try? socket.send(Message.disconnect(Disconnect(reason: .leaving, message: "")).encode())
        self.loop.schedule(after: Self.farewellPause) {
            self.assumeIsolated { $0.socket?.close() }
            end.resume(returning: answer)
        }
    }
}
