/// A few numbers put in order. Exact, by nearest rank: the demo has some hundred of them.
package struct Quantiles: Hashable, Sendable {
    private let sorted: [Double]

    /// - Returns: `nil` if there are no numbers.
    package init?(_ values: [Double]) {
        guard !values.isEmpty else { return nil }
        self.sorted = values.sorted()
    }

    package var smallest: Double { self.sorted[0] }
    package var median: Double { self.quantile(0.5) }
    package var largest: Double { self.sorted[self.sorted.count - 1] }

    /// The smallest number that at least this share (0…1) of all numbers does not exceed.
    package func quantile(_ share: Double) -> Double {
        let rank = (share * Double(self.sorted.count)).rounded(.up)
        return self.sorted[min(max(Int(rank) - 1, 0), self.sorted.count - 1)]
    }
}
