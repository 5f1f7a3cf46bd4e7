import WherryCore
import WherryPostgres

/// Who holds which lock of a server until its transaction ends, and who waits for it.
struct ModelLocks {
    enum Name: Hashable {
        /// By its number. Only tried, never waited for.
        case advisory([UInt8])
        case row(Int)
        /// An uncommitted insert of a unique value.
        case receipt(JobID)
        case key(String)
    }

    private struct Waiter {
        var session: ModelSession
        var resume: () -> Void
    }

    private var holders: [Name: ModelSession] = [:]
    private var waiters: [Name: [Waiter]] = [:]

    func holder(of name: Name) -> ModelSession? { self.holders[name] }

    /// - Returns: whether the session has it now.
    mutating func take(_ name: Name, _ session: ModelSession) -> Bool {
        if let holder = self.holders[name] { return holder === session }
        self.holders[name] = session
        return true
    }

    mutating func wait(for name: Name, _ session: ModelSession, resume: @escaping () -> Void) {
        self.waiters[name, default: []].append(Waiter(session: session, resume: resume))
    }

    mutating func stopWaiting(_ session: ModelSession) {
        for name in self.waiters.keys { self.waiters[name]?.removeAll { $0.session === session } }
    }

    /// A transaction has ended, either way.
    ///
    /// - Returns: what those who waited for it do now, in order.
    mutating func release(_ session: ModelSession) -> [() -> Void] {
        self.stopWaiting(session)
        var resumed: [() -> Void] = []
        // In the order of waiting, so that nothing depends on the order of a dictionary: a waiter waits for one thing at a time.
        let names = self.holders.filter { $0.value === session }.map(\.key)
        for name in names { self.holders[name] = nil }
        var waiting = names.flatMap { name in self.waiters.removeValue(forKey: name) ?? [] }
        waiting.sort { $0.session.waitingSince < $1.session.waitingSince }
        resumed = waiting.map(\.resume)
        return resumed
    }

    /// Whether a session waits for itself, by way of others.
    func isDeadlocked(_ session: ModelSession) -> Bool {
        var seen = 0
        var current = session
        while let name = current.waitsFor, let holder = self.holders[name], seen < 100 {
            if holder === session { return true }
            current = holder
            seen += 1
        }
        return false
    }
}
