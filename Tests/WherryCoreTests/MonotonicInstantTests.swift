import Testing
import WherryCore

@Suite struct MonotonicInstantTests {
    @Test func `instants move by durations and tell the distance`() {
        let start = MonotonicInstant(nanoseconds: 5)
        #expect(start + .milliseconds(2) == MonotonicInstant(nanoseconds: 2_000_005))
        #expect((start + .seconds(1)) - start == .seconds(1))
    }

    @Test func `what would overflow stays at the end of the clock`() {
        #expect(MonotonicInstant(nanoseconds: .max) + .seconds(1) == MonotonicInstant(nanoseconds: .max))
        #expect(MonotonicInstant(nanoseconds: .min) + .seconds(-1) == MonotonicInstant(nanoseconds: .min))
        #expect(MonotonicInstant.zero + .seconds(Int64.max) == MonotonicInstant(nanoseconds: .max))
        #expect(Duration.seconds(Int64.min).saturatedNanoseconds == .min)
        #expect(MonotonicInstant(nanoseconds: .max) - MonotonicInstant(nanoseconds: .min) == .nanoseconds(Int64.max))
    }
}
