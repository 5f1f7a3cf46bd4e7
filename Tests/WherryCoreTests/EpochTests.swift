import Testing
import WherryCore

@Suite struct EpochTests {
    static let base = Epoch(systemIdentifier: 7, timeline: 2, restoreCounter: 0, random: 11)

    @Test func `the same four values are the same history`() {
        #expect(Self.base.relation(to: Self.base) == .same)
    }

    @Test func `a promotion starts a newer epoch whatever its random number`() {
        let promoted = Epoch(systemIdentifier: 7, timeline: 3, restoreCounter: 0, random: 99)
        #expect(Self.base.relation(to: promoted) == .older)
        #expect(promoted.relation(to: Self.base) == .newer)
    }

    @Test func `a restored backup starts a newer epoch of the same timeline`() {
        let restored = Epoch(systemIdentifier: 7, timeline: 2, restoreCounter: 1, random: 11)
        #expect(restored.relation(to: Self.base) == .newer)
    }

    @Test func `two standbys promoted from one primary are forks of each other`() {
        let sibling = Epoch(systemIdentifier: 7, timeline: 2, restoreCounter: 0, random: 12)
        #expect(sibling.relation(to: Self.base) == .fork)
        #expect(Self.base.relation(to: sibling) == .fork)
    }

    @Test func `another cluster is not comparable at all`() {
        let other = Epoch(systemIdentifier: 8, timeline: 9, restoreCounter: 0, random: 11)
        #expect(other.relation(to: Self.base) == .otherSystem)
    }

    @Test func `tokens merge by epoch, then by position, and never across forks`() {
        let early = CausalToken(epoch: Self.base, lsn: LSN(rawValue: 10))
        let late = CausalToken(epoch: Self.base, lsn: LSN(rawValue: 20))
        let promoted = CausalToken(epoch: Epoch(systemIdentifier: 7, timeline: 3, restoreCounter: 0, random: 1), lsn: LSN(rawValue: 5))
        let fork = CausalToken(epoch: Epoch(systemIdentifier: 7, timeline: 2, restoreCounter: 0, random: 5), lsn: LSN(rawValue: 5))
        #expect(early.merged(with: late) == late)
        #expect(late.merged(with: early) == late)
        #expect(late.merged(with: promoted) == promoted)
        #expect(promoted.merged(with: late) == promoted)
        #expect(late.merged(with: fork) == nil)
    }
}
