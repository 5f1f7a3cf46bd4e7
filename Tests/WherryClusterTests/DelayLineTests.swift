import Testing
import WherryCore

@testable import WherryCluster

@Suite("What is under way")
struct DelayLineTests {
    private func moment(_ milliseconds: Int64) -> MonotonicInstant { MonotonicInstant(nanoseconds: milliseconds * 1_000_000) }

    @Test("arrives when it is due, not earlier")
    func due() {
        var line = DelayLine<String>()
        line.send("boat", size: 4, arriving: self.moment(40))
        #expect(line.size == 4)
        #expect(line.nextDue == self.moment(40))
        #expect(line.take(by: self.moment(39)) == nil)
        #expect(line.take(by: self.moment(40)) == "boat")
        #expect(line.size == 0)
        #expect(line.nextDue == nil)
    }

    @Test("never overtakes what was sent before")
    func order() {
        var line = DelayLine<Int>()
        var generator = SplitMix64(seed: 7)
        for number in 0..<5_000 {
            line.send(number, size: 1, arriving: self.moment(Int64.random(in: 0...100, using: &generator)))
        }
        #expect((0..<5_000).allSatisfy { line.take(by: self.moment(100)) == $0 })
        #expect(line.take(by: self.moment(100)) == nil)
    }

    @Test("is counted when it is lost")
    func lost() {
        var line = DelayLine<Int>()
        line.send(1, size: 10, arriving: self.moment(1))
        line.send(2, size: 20, arriving: self.moment(2))
        #expect(line.lose() == 30)
        #expect(line.take(by: self.moment(9)) == nil)
    }
}

@Suite("A road of a wide area network")
struct WANRoadTests {
    @Test("takes the delay, and up to the jitter more")
    func jitter() {
        var road = WANRoad(seed: 1)
        let link = WANLink(delay: .milliseconds(40), jitter: .milliseconds(10))
        let arrivals = (0..<1_000).map { _ in (road.arrival(of: 100, over: link, now: .zero) - .zero).milliseconds }
        #expect(arrivals.allSatisfy { (40...50).contains($0) })
        #expect(arrivals.min().map { $0 < 41 } == true)
        #expect(arrivals.max().map { $0 > 49 } == true)
    }

    @Test("lets through as many bytes a second as its bandwidth says, and does not save up what was not used")
    func bandwidth() {
        var road = WANRoad(seed: 1)
        let link = WANLink(delay: .milliseconds(10), bandwidth: 1_000_000)
        let start = MonotonicInstant.zero + .seconds(5)
        #expect(road.arrival(of: 1_000, over: link, now: start) - start == .milliseconds(11))
        #expect(road.arrival(of: 1_000, over: link, now: start) - start == .milliseconds(12))
        let later = start + .seconds(1)
        #expect(road.arrival(of: 1_000, over: link, now: later) - later == .milliseconds(11))
    }
}
