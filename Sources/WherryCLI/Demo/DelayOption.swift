import ArgumentParser

/// A length of time on the command line: `150ms`, `1.5s`, or a bare number of milliseconds.
package struct DelayOption: ExpressibleByArgument, Hashable, Sendable {
    package var duration: Duration

    /// More than this is no network any more.
    private static let longest = Duration.seconds(10)

    package init(_ duration: Duration) {
        self.duration = duration
    }

    package init?(argument: String) {
        let (digits, unit): (Substring, Double) =
            if argument.hasSuffix("ms") { (argument.dropLast(2), 1) } else if argument.hasSuffix("s") { (argument.dropLast(), 1000) } else {
                (argument[...], 1)
            }
        guard let number = Double(digits), number >= 0, number * unit <= Self.longest / .milliseconds(1) else { return nil }
        self.duration = .milliseconds(number * unit)
    }

    package var defaultValueDescription: String {
        "\(self.duration / .milliseconds(1))ms"
    }
}
