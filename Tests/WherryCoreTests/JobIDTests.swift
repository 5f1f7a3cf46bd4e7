import Foundation
import Testing
import WherryCore

@Suite struct JobIDTests {
    @Test func `an id carries the time when it was made and sorts by it`() {
        var generator = SplitMix64(seed: 1)
        let times: [Int64] = [0, 1, 1_763_000_000_000, (1 << 48) - 1]
        let ids = times.map { JobID(unixMilliseconds: $0, using: &generator) }
        #expect(ids.map(\.unixMilliseconds) == times)
        #expect(ids == ids.sorted())
    }

    @Test func `version and variant bits are those of RFC 9562`() {
        var generator = SplitMix64(seed: 2)
        for _ in 0..<1000 {
            let bytes = JobID(unixMilliseconds: 1_763_000_000_000, using: &generator).bytes
            #expect(bytes[6] >> 4 == 7)
            #expect(bytes[8] >> 6 == 2)
        }
    }

    @Test func `ids of one millisecond differ`() {
        var generator = SplitMix64(seed: 3)
        let ids = Set((0..<10_000).map { _ in JobID(unixMilliseconds: 5, using: &generator) })
        #expect(ids.count == 10_000)
    }

    @Test func `bytes, text and JSON convert both ways`() throws {
        var generator = SplitMix64(seed: 4)
        let id = JobID(unixMilliseconds: 1_763_000_000_000, using: &generator)
        #expect(JobID(bytes: id.bytes) == id)
        #expect(JobID(id.description) == id)
        #expect(id.description == id.description.lowercased())
        #expect(try JSONDecoder().decode([JobID].self, from: JSONEncoder().encode([id])) == [id])
    }

    @Test func `what is no UUIDv7 has no time, and wrong sizes are refused`() {
        #expect(JobID(uuid: UUID(uuidString: "f47ac10b-58cc-4372-a567-0e02b2c3d479")!).unixMilliseconds == nil)
        #expect(JobID(bytes: [1, 2, 3]) == nil)
        #expect(JobID("nonsense") == nil)
    }
}
