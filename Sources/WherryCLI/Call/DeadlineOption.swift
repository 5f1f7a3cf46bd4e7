import ArgumentParser

/// How long something may take, on the command line: `500ms`, `30s`, `2m`, or a bare number of seconds.
struct DeadlineOption: ExpressibleByArgument, Hashable, Sendable {
    var duration: Duration

    /// A year; the client's own limit is far below it.
    private static let longest = 366.0 * 86_400

    init?(argument: String) {
        let units: [(suffix: String, seconds: Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3_600)]
        let unit = units.first { argument.hasSuffix($0.suffix) }
        guard let number = Double(argument.dropLast(unit?.suffix.count ?? 0)) else { return nil }
        let seconds = number * (unit?.seconds ?? 1)
        guard seconds > 0, seconds <= Self.longest else { return nil }
        self.duration = .seconds(seconds)
    }
}
