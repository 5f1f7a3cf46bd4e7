extension Setting {
    /// The table of `docs/configuration.md`.
    package static var table: String {
        let head = "| variable | key | read by | default | meaning |\n|---|---|---|---|---|\n"
        return head + Self.all.map { $0.row + "\n" }.joined()
    }

    private var row: String {
        let variables = self.variables.map { "`\($0)`" }.joined(separator: ", then ")
        let programs = self.defaults.keys.sorted()
        let values = Set(self.defaults.values)
        let defaults =
            values.count == 1
            ? Self.shown(values.first ?? "")
            : programs.map { "\($0.rawValue) \(Self.shown(self.defaults[$0] ?? ""))" }.joined(separator: ", ")
        let secret = self.isSecret ? " Secret." : ""
        let keys = ([self.key] + self.fallbackKeys).map { "`\($0)`" }.joined(separator: ", then ")
        return
            "| \(variables) | \(keys) | \(programs.map(\.rawValue).joined(separator: ", ")) | \(defaults) | \(self.meaning)\(self.bounds)\(secret) |"
    }

    private static func shown(_ value: String) -> String {
        value.isEmpty ? "none" : "`\(value)`"
    }

    private var bounds: String {
        switch self.kind {
        case .number(let range): " \(range.lowerBound) to \(range.upperBound)."
        case .name, .database, .endpoints, .seconds, .toggle: ""
        }
    }
}
