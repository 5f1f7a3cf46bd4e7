import Testing
import WherryCLI

@Suite("Quantiles")
struct QuantilesTests {
    @Test(
        "They are numbers that were measured, by nearest rank",
        arguments: [
            (0.0, 1.0), (0.2, 1.0), (0.21, 2.0), (0.5, 3.0), (0.99, 5.0), (1.0, 5.0),
        ])
    func nearestRank(share: Double, value: Double) throws {
        let quantiles = try #require(Quantiles([5, 1, 4, 2, 3]))
        #expect(quantiles.quantile(share) == value)
    }

    @Test("Above 32 ms they have four figures")
    func large() throws {
        let quantiles = try #require(Quantiles([0.5, 145_678.9, 200_000]))
        #expect(abs(quantiles.median - 145_678.9) < 14.6)
        #expect(quantiles.largest == 200_000)
    }

    @Test("Nothing has no quantiles")
    func nothing() {
        #expect(Quantiles([]) == nil)
    }
}
