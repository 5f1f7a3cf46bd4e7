import Testing
import WherryCore

@testable import WherryPostgres

@Suite("The pool machine")
struct PoolMachineTests {
    /// The machine, a clock, and what it said, in words.
    private struct Bench {
        var machine: PoolMachine
        var now = MonotonicInstant.zero

        init(_ change: (inout PostgresPool.Limits) -> Void = { _ in }) {
            var limits = PostgresPool.Limits()
            change(&limits)
            self.machine = PoolMachine(limits: limits, seed: 7)
        }

        mutating func advance(_ duration: Duration) { self.now = self.now + duration }

        mutating func acquire(_ waiter: Int, patience: Duration = .seconds(5)) -> [String] {
            Self.words(self.machine.acquire(waiter, deadline: self.now + patience, now: self.now))
        }

        mutating func cancel(_ waiter: Int) -> [String] { Self.words(self.machine.cancel(waiter)) }
        mutating func connected(_ id: Int) -> [String] { Self.words(self.machine.connected(id, now: self.now)) }
        mutating func proved(_ id: Int) -> [String] { Self.words(self.machine.proved(id, now: self.now)) }
        mutating func failed(_ id: Int) -> [String] { Self.words(self.machine.failed(id, now: self.now)) }
        mutating func died(_ id: Int) -> [String] { Self.words(self.machine.died(id, now: self.now)) }
        mutating func tick() -> [String] { Self.words(self.machine.tick(now: self.now)) }
        mutating func shutdown() -> [String] { Self.words(self.machine.shutdown(now: self.now)) }

        mutating func giveBack(_ id: Int, discard: Bool = false, reset: Bool = false) -> [String] {
            Self.words(self.machine.giveBack(id, discard: discard, reset: reset, now: self.now))
        }

        mutating func connectFailed(_ id: Int, _ code: PostgresError.Code = .connectFailed, _ sqlState: SQLState? = nil) -> [String] {
            var error = PostgresError(code, "no")
            error.sqlState = sqlState
            return Self.words(self.machine.connectFailed(id, error, now: self.now))
        }

        static func words(_ actions: [PoolMachine.Action]) -> [String] {
            actions.map { action in
                switch action {
                case .grant(let waiter, let id): "grant \(waiter) \(id)"
                case .fail(let waiter, let error): "fail \(waiter) \(error.code)"
                case .connect(let id): "connect \(id)"
                case .reset(let id): "reset \(id)"
                case .test(let id): "test \(id)"
                case .close(let id): "close \(id)"
                }
            }
        }
    }

    @Test("connects for whoever waits, up to its limit, and lends in order")
    func limit() {
        var bench = Bench { $0.maximumConnections = 2 }
        #expect(bench.acquire(1) == ["connect 1"])
        #expect(bench.acquire(2) == ["connect 2"])
        #expect(bench.acquire(3) == [])
        #expect(bench.connected(2) == ["grant 1 2"])
        #expect(bench.connected(1) == ["grant 2 1"])
        #expect(bench.giveBack(1) == ["grant 3 1"])
        #expect(bench.giveBack(2) == [])
        #expect(bench.acquire(4) == ["grant 4 2"])
        #expect(bench.machine.connectionCount == 2)
    }

    @Test("resets before it lends again, and closes what it is told to discard")
    func resetAndDiscard() {
        var bench = Bench { $0.maximumConnections = 1 }
        _ = bench.acquire(1)
        _ = bench.connected(1)
        #expect(bench.acquire(2) == [])
        #expect(bench.giveBack(1, reset: true) == ["reset 1"])
        #expect(bench.proved(1) == ["grant 2 1"])
        #expect(bench.acquire(3) == [])
        #expect(bench.giveBack(1, reset: true) == ["reset 1"])
        #expect(bench.failed(1) == ["close 1", "connect 2"])
        #expect(bench.connected(2) == ["grant 3 2"])
        #expect(bench.giveBack(2, discard: true) == ["close 2"])
        #expect(bench.machine.connectionCount == 0)
    }

    @Test("refuses callers beyond its limit, and tells those whose time is over")
    func waiters() {
        var bench = Bench {
            $0.maximumConnections = 1
            $0.maximumWaiters = 2
        }
        _ = bench.acquire(1)
        _ = bench.connected(1)
        #expect(bench.acquire(2, patience: .seconds(1)) == [])
        #expect(bench.acquire(3, patience: .seconds(9)) == [])
        #expect(bench.acquire(4) == ["fail 4 poolExhausted"])
        #expect(bench.machine.nextDeadline == .zero + .seconds(1))
        bench.advance(.seconds(1))
        #expect(bench.tick() == ["fail 2 acquireTimeout"])
        #expect(bench.cancel(3) == ["fail 3 cancelled"])
        #expect(bench.cancel(3) == [])
        #expect(bench.machine.waiterCount == 0)
        #expect(bench.giveBack(1) == [])
    }

    @Test("tries again with growing delays, one at a time, while somebody waits")
    func reconnecting() {
        var bench = Bench()
        #expect(bench.acquire(1, patience: .seconds(60)) == ["connect 1"])
        #expect(bench.acquire(2, patience: .seconds(60)) == ["connect 2"])
        #expect(bench.connectFailed(1) == [])
        #expect(bench.connectFailed(2) == [])
        var delays: [Duration] = []
        var id = 2
        for _ in 0..<8 {
            guard let next = bench.machine.nextDeadline else { return #expect(Bool(false)) }
            delays.append(next - bench.now)
            #expect(bench.tick() == [])
            bench.now = next
            id += 1
            #expect(bench.tick() == ["connect \(id)"])
            #expect(bench.connectFailed(id) == [])
        }
        #expect(delays[0] >= .milliseconds(100))
        #expect(delays.allSatisfy { $0 <= .seconds(2) })
        #expect(delays.last! >= .seconds(1))
        bench.now = bench.machine.nextDeadline!
        #expect(bench.tick() == ["connect \(id + 1)"])
        #expect(bench.connected(id + 1) == ["grant 1 \(id + 1)"])
        // The server is there again: those who wait get connections of their own.
        #expect(bench.tick() == ["connect \(id + 2)"])
    }

    @Test("tells everybody at once what trying again does not cure")
    func finalFailure() {
        var bench = Bench()
        _ = bench.acquire(1)
        _ = bench.acquire(2)
        #expect(bench.connectFailed(1, .connectFailed, "28P01") == ["fail 1 connectFailed", "fail 2 connectFailed"])
        #expect(bench.connectFailed(2, .connectFailed, "28P01") == [])
        #expect(bench.acquire(3) == ["connect 3"])
    }

    @Test("tells who waited in vain what was wrong with connecting")
    func cause() {
        var bench = Bench()
        _ = bench.acquire(1, patience: .seconds(1))
        _ = bench.connectFailed(1)
        bench.advance(.seconds(1))
        let actions = bench.machine.tick(now: bench.now)
        guard case .fail(1, let error)? = actions.first else { return #expect(Bool(false)) }
        #expect((error.cause as? PostgresError)?.code == .connectFailed)
        #expect(actions.count == 1, "nobody waits any more, so nothing is tried")
    }

    @Test("closes idle connections in time, tests them in between, and outlives none too old")
    func time() {
        var bench = Bench {
            $0.idleTimeout = .seconds(100)
            $0.healthCheckInterval = .seconds(30)
            $0.maximumLifetime = .seconds(1_000)
        }
        _ = bench.acquire(1)
        _ = bench.connected(1)
        _ = bench.giveBack(1)
        #expect(bench.machine.nextDeadline == .zero + .seconds(30))
        bench.advance(.seconds(30))
        #expect(bench.tick() == ["test 1"])
        #expect(bench.machine.idleCount == 0)
        #expect(bench.proved(1) == [])
        bench.advance(.seconds(30))
        #expect(bench.tick() == ["test 1"])
        #expect(bench.failed(1) == ["close 1"])
        _ = bench.acquire(2)
        _ = bench.connected(2)
        _ = bench.giveBack(2)
        bench.advance(.seconds(100))
        #expect(bench.tick() == ["close 2"])
        _ = bench.acquire(3)
        _ = bench.connected(3)
        bench.advance(.seconds(1_000))
        #expect(bench.giveBack(3) == ["close 3"])
        #expect(bench.machine.nextDeadline == nil)
    }

    @Test("forgets connections that die, wherever they are")
    func deaths() {
        var bench = Bench { $0.maximumConnections = 1 }
        _ = bench.acquire(1)
        _ = bench.connected(1)
        _ = bench.giveBack(1)
        #expect(bench.died(1) == ["close 1"])
        #expect(bench.machine.connectionCount == 0)
        _ = bench.acquire(2)
        _ = bench.connected(2)
        #expect(bench.acquire(3) == [])
        #expect(bench.died(2) == [])
        #expect(bench.giveBack(2) == ["close 2", "connect 3"])
        #expect(bench.died(2) == [])
        #expect(bench.connected(3) == ["grant 3 3"])
    }

    @Test("tells everybody when it is shut down, and is done when all is closed")
    func shutdown() {
        var bench = Bench { $0.maximumConnections = 2 }
        _ = bench.acquire(1)
        _ = bench.acquire(2)
        _ = bench.connected(1)
        #expect(bench.shutdown() == ["fail 2 poolClosed"])
        #expect(bench.acquire(3) == ["fail 3 poolClosed"])
        #expect(!bench.machine.isDone)
        #expect(bench.connected(2) == ["close 2"])
        #expect(bench.giveBack(1, reset: true) == ["close 1"])
        #expect(bench.machine.isDone)
    }
}
