import Foundation
import Histogram
import Wherry
import WherryCore

/// What `wherry-lab latency` measured.
struct LatencyReport {
    let roundTripMilliseconds: Double
    var calls: [TimedCall] = []
    var floor: [Duration] = []

    private struct Row: Encodable {
        let what: String
        let samples: Int
        let p50: Double
        let p95: Double
        let p99: Double
        let longest: Double

        init(_ what: String, _ samples: [Duration]) {
            // To the microsecond below 32 ms, above that to four figures.
            var histogram = Histogram<UInt64>(numberOfSignificantValueDigits: .four)
            for sample in samples { histogram.record(UInt64(max(0, sample.saturatedNanoseconds / 1000))) }
            func milliseconds(_ microseconds: UInt64) -> Double { Double(microseconds) / 1000 }
            self.what = what
            self.samples = samples.count
            self.p50 = milliseconds(histogram.valueAtPercentile(50))
            self.p95 = milliseconds(histogram.valueAtPercentile(95))
            self.p99 = milliseconds(histogram.valueAtPercentile(99))
            self.longest = milliseconds(histogram.maxRecorded)
        }
    }

    private var rows: [Row] {
        var rows = [Row("call, submit to value", self.calls.map(\.total)), Row("floor: INSERT and tight poll", self.floor)]
        let legs: [(String, KeyPath<JobTimings, Duration?>)] = [
            ("  waiting", \.waiting), ("  network", \.network), ("  broker queue", \.brokerQueue), ("  worker", \.worker),
            ("    lease", \.workerLease), ("    begin", \.begin), ("    handler", \.handler), ("    commit", \.commit),
            ("  replay wait", \.replayWait),
        ]
        for (name, leg) in legs {
            let samples = self.calls.compactMap { $0.legs[keyPath: leg] }
            if !samples.isEmpty { rows.append(Row(name, samples)) }
        }
        return rows
    }

    func text() -> String {
        func column(_ milliseconds: Double) -> String {
            let text = String(format: "%.2f ms", milliseconds)
            return String(repeating: " ", count: max(0, 12 - text.count)) + text
        }
        var lines = ["added round trip: \(self.roundTripMilliseconds) ms"]
        lines.append("\("".padding(toLength: 30, withPad: " ", startingAt: 0))         p50         p95         p99     longest  samples")
        for row in self.rows {
            let figures = [row.p50, row.p95, row.p99, row.longest].map(column).joined()
            lines.append("\(row.what.padding(toLength: 30, withPad: " ", startingAt: 0))\(figures)  \(row.samples)")
        }
        return lines.joined(separator: "\n")
    }

    func json() throws -> String {
        struct Document: Encodable {
            let roundTripMilliseconds: Double
            let rows: [Row]
        }
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return String(
            decoding: try encoder.encode(Document(roundTripMilliseconds: self.roundTripMilliseconds, rows: self.rows)), as: UTF8.self)
    }
}
