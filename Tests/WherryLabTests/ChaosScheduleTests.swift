import Testing

@testable import WherryLab

@Suite("The chaos run's schedule", .timeLimit(.minutes(1)))
struct ChaosScheduleTests {
    private static func schedule(_ seed: UInt64, seconds: Int = 60) -> ChaosSchedule {
        ChaosSchedule(seed: seed, seconds: seconds, cast: ChaosCast())
    }

    @Test("is the same for the same seed, and another for another")
    func repeatable() {
        #expect(Self.schedule(7) == Self.schedule(7))
        #expect(Self.schedule(7) != Self.schedule(8))
    }

    @Test("of a minute has enough faults of enough kinds", arguments: UInt64(1)...50)
    func variety(seed: UInt64) {
        let faults = Self.schedule(seed).faults
        #expect(faults.count >= 25)
        #expect(Set(faults.map(\.kind)).count >= 12)
        #expect(faults.map(\.at) == faults.map(\.at).sorted())
    }

    @Test("leaves the beginning and the end in peace, and never hits what is not whole again yet", arguments: UInt64(1)...50)
    func peace(seed: UInt64) {
        let schedule = Self.schedule(seed)
        for fault in schedule.faults {
            #expect(fault.at >= ChaosSchedule.quietStart)
            #expect(fault.at + fault.duration <= 60 - ChaosSchedule.quietTail(of: 60))
        }
        for faults in schedule.lanes.values {
            for (first, second) in zip(faults, faults.dropFirst()) { #expect(first.at + first.duration < second.at) }
        }
    }

    @Test("of ten minutes has every kind there is")
    func everyKind() {
        #expect(Set(Self.schedule(1, seconds: 600).faults.map(\.kind)) == Set(ChaosFault.Kind.allCases))
    }

    @Test("overlaps faults of different targets")
    func overlap() {
        let faults = Self.schedule(1, seconds: 600).faults
        #expect(zip(faults, faults.dropFirst()).contains { $0.at + $0.duration > $1.at })
    }
}
