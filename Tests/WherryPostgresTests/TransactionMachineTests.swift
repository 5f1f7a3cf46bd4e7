import Testing

@testable import WherryPostgres

/// A new one for each test; a class, since what expectations call must not change a value.
@Suite("The transaction machine")
final class TransactionMachineTests {
    private typealias Scope = TransactionMachine.Scope
    private var machine = TransactionMachine()
    private static let error = PostgresError(.server, "no")

    /// Opens a savepoint in a scope.
    private func open(in scope: Scope = .transaction) -> Scope? {
        guard case .proceed(_, let opened) = self.machine.request(.savepoint, from: scope, waiter: 0) else { return nil }
        return opened
    }

    private func state(of scope: Scope, waiter: Int = 0) -> TransactionMachine.Decision {
        self.machine.request(.statement, from: scope, waiter: waiter)
    }

    private func beginEnding(_ scope: Scope) -> Bool { self.machine.beginEnding(scope) }
    private func ended(_ scope: Scope, isUndone: Bool) -> [Int] { self.machine.ended(scope, isUndone: isUndone) }
    private func end() -> [Int] { self.machine.end() }

    @Test func `who is outside of a savepoint waits for its end, and asks again`() throws {
        let inner = try #require(self.open())
        #expect(self.state(of: inner) == .proceed(depth: 1, scope: inner))
        #expect(self.state(of: .transaction, waiter: 7) == .wait)
        #expect(self.beginEnding(inner))
        #expect(self.state(of: inner) == .refuse, "its closure has ended")
        #expect(self.ended(inner, isUndone: false) == [7])
        #expect(self.state(of: .transaction) == .proceed(depth: 0, scope: .transaction))
        #expect(self.state(of: inner) == .refuse)
    }

    @Test func `a waiter that was woken waits again if the next savepoint was opened before it asked`() throws {
        let first = try #require(self.open())
        #expect(self.state(of: .transaction, waiter: 1) == .wait)
        #expect(self.state(of: .transaction, waiter: 2) == .wait)
        #expect(self.beginEnding(first))
        #expect(self.ended(first, isUndone: false) == [1, 2])
        let second = try #require(self.open())
        #expect(self.state(of: .transaction, waiter: 3) == .wait)
        #expect(self.beginEnding(second))
        #expect(self.ended(second, isUndone: true) == [3])
    }

    @Test func `a waiter that was woken is refused after the end`() throws {
        let first = try #require(self.open())
        #expect(self.state(of: .transaction, waiter: 1) == .wait)
        #expect(self.end() == [1])
        #expect(self.state(of: .transaction) == .refuse)
        #expect(!self.beginEnding(first), "it went with the transaction: another one may be open on the connection by now")
        #expect(self.machine.firstFailure?.code == .transactionEnded, "nobody can say whether it was to be undone")
    }

    @Test func `a savepoint that ends takes those along that outlived it inside`() throws {
        let outer = try #require(self.open())
        let inner = try #require(self.open(in: outer))
        #expect(self.state(of: outer, waiter: 1) == .wait)
        #expect(self.state(of: .transaction, waiter: 2) == .wait)
        #expect(self.beginEnding(outer))
        #expect(self.state(of: inner) == .refuse)
        #expect(!self.beginEnding(inner), "the server drops it with the outer one")
        #expect(self.ended(outer, isUndone: false) == [1, 2])
        #expect(self.state(of: outer) == .refuse)
        #expect(self.state(of: inner) == .refuse)
        #expect(self.state(of: .transaction) == .proceed(depth: 0, scope: .transaction))
        #expect(self.ended(inner, isUndone: true) == [], "told late")
    }

    @Test func `an inner savepoint that was ending already does not reopen the outer one`() throws {
        let outer = try #require(self.open())
        let inner = try #require(self.open(in: outer))
        #expect(self.beginEnding(inner))
        #expect(self.beginEnding(outer))
        #expect(self.ended(inner, isUndone: false) == [])
        #expect(self.state(of: outer) == .refuse)
        #expect(self.state(of: .transaction, waiter: 4) == .wait)
        #expect(self.ended(outer, isUndone: false) == [4])
    }

    @Test func `a rollback forgets the failures inside, and only those`() throws {
        let outer = try #require(self.open())
        let inner = try #require(self.open(in: outer))
        self.machine.failed(Self.error, depth: 2)
        #expect(self.machine.failure(in: inner) != nil)
        #expect(self.machine.failure(in: outer) != nil)
        #expect(self.beginEnding(inner))
        _ = self.ended(inner, isUndone: true)
        #expect(self.machine.firstFailure == nil)
        self.machine.failed(Self.error, depth: 0)
        #expect(self.beginEnding(outer))
        _ = self.ended(outer, isUndone: true)
        #expect(self.machine.firstFailure != nil)
    }
}
