/// One thing that can be configured: its key in a `ConfigReader`, its environment variable, its bounds, its default, and what it means.
///
/// `Setting.all` is the one list of them; clients, workers and brokers read by it, their configurations are checked by it, and
/// `docs/configuration.md` is written by it.
package struct Setting: Sendable {
    /// Who reads a setting.
    package enum Program: String, Sendable, CaseIterable, Comparable {
        case client, worker, broker

        package static func < (left: Program, right: Program) -> Bool {
            left.rawValue < right.rawValue
        }
    }

    /// What a value must be.
    package enum Kind: Sendable {
        /// 1 to 200 bytes: a region, a scope.
        case name
        /// A PostgreSQL connection string. Secret: it may hold a password.
        case database
        /// ZeroMQ endpoints, separated by commas in the environment, an array elsewhere.
        case endpoints
        /// A whole number.
        case number(ClosedRange<Int>)
        /// Seconds, fractions allowed.
        case seconds(ClosedRange<Double>)
        /// on or off, true or false, yes or no, 1 or 0.
        case toggle
    }

    /// Where it stands in a `ConfigReader`, for example `wherry.primaryRegion`.
    package var key: String
    /// Read, in this order, where ``key`` has no value.
    package var fallbackKeys: [String]
    package var kind: Kind
    /// Who reads it, and what each takes if nobody says; an empty text for nothing.
    package var defaults: [Program: String]
    /// For people.
    package var meaning: String
    /// A value that makes sense, for errors.
    package var example: String

    package init(
        _ key: String, or fallbackKeys: [String] = [], _ kind: Kind, _ defaults: [Program: String], example: String = "", _ meaning: String
    ) {
        self.key = key
        self.fallbackKeys = fallbackKeys
        self.kind = kind
        self.defaults = defaults
        self.meaning = meaning
        self.example = example
    }

    /// No value of it is ever shown.
    package var isSecret: Bool {
        if case .database = self.kind { true } else { false }
    }

    /// The environment variable, for example `WHERRY_PRIMARY_REGION`.
    package var variable: String { Self.variable(of: self.key) }

    /// All its variables, the first first.
    package var variables: [String] { [self.variable] + self.fallbackKeys.map(Self.variable(of:)) }

    /// How an error names it: the variable, and the key where it comes from a file.
    package var name: String { "\(self.variable) (\(self.key))" }

    /// As swift-configuration's `EnvironmentVariablesProvider` does it.
    private static func variable(of key: String) -> String {
        var variable = ""
        var previous: Character?
        for character in key {
            if let previous, previous.isLowercase, character.isUppercase { variable.append("_") }
            variable.append(character == "." ? "_" : Character(character.uppercased()))
            previous = character
        }
        return variable
    }
}
