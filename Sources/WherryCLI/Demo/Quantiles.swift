import Histogram

/// How times are distributed, in milliseconds. To the microsecond below 32 ms, above that to four figures.
package struct Quantiles: Sendable {
    private let histogram: Histogram<UInt64>

    private static let microseconds = 1000.0
    /// Eleven days; nothing here takes longer.
    private static let longest = 1e12

    /// - Returns: `nil` if there are no numbers.
    package init?(_ milliseconds: [Double]) {
        guard !milliseconds.isEmpty else { return nil }
        var histogram = Histogram<UInt64>(numberOfSignificantValueDigits: .four)
        for value in milliseconds {
            histogram.record(UInt64(min(max(0, (value * Self.microseconds).rounded()), Self.longest)))
        }
        self.histogram = histogram
    }

    package var median: Double { self.quantile(0.5) }
    package var largest: Double { Double(self.histogram.maxRecorded) / Self.microseconds }

    /// The smallest number that at least this share (0…1) of all numbers does not exceed.
    package func quantile(_ share: Double) -> Double {
        Double(self.histogram.valueAtPercentile(share * 100)) / Self.microseconds
    }
}
