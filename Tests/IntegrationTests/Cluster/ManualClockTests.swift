import Testing
import WherryTestKit

@Suite("The manual clock", .timeLimit(.minutes(1)))
struct ManualClockTests {
    @Test("wakes who is due, and nobody else")
    func due() async throws {
        let clock = ManualClock()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for seconds in [3, 1, 2] {
                group.addTask {
                    try await clock.sleep(for: .seconds(seconds))
                    return seconds
                }
            }
            try await clock.sleepers(3)
            for seconds in 1...3 {
                clock.advance(by: .seconds(1))
                #expect(try await group.next() == seconds)
            }
        }
        #expect(clock.now.offset == .seconds(3))
    }

    @Test("does not let anybody sleep until a moment that has passed")
    func passed() async throws {
        let clock = ManualClock()
        clock.advance(by: .seconds(1))
        try await clock.sleep(until: .init(offset: .seconds(1)))
    }

    @Test("lets go of a sleeper and of a watcher whose task is cancelled", arguments: [true, false])
    func cancellation(sleeps: Bool) async throws {
        let clock = ManualClock()
        let task = Task {
            if sleeps {
                try await clock.sleep(for: .seconds(1))
            } else {
                try await clock.sleepers(1)
            }
        }
        if sleeps { try await clock.sleepers(1) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
