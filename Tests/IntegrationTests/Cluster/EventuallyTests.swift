import Testing
import WherryTestKit

@Suite("eventually")
struct EventuallyTests {
    @Test("returns the first good state")
    func good() async throws {
        var readings = 0
        let state = try await eventually("three readings", every: .milliseconds(1)) {
            readings += 1
            return readings
        } until: {
            $0 == 3
        }
        #expect(state == 3)
    }

    @Test("tells what it waited for and what it saw last")
    func bad() async throws {
        let error = await #expect(throws: NeverHappened.self) {
            try await eventually("the tide turns", within: .milliseconds(20), every: .milliseconds(1)) {
                "ebb"
            } until: {
                $0 == "flood"
            }
        }
        #expect(
            error?.description.contains("the tide turns, within 0.02 seconds; last seen: ebb (IntegrationTests/EventuallyTests.swift:")
                == true)
    }
}
