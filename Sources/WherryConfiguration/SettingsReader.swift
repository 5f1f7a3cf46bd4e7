package import Configuration
import Foundation
package import Logging
import WherryCore

/// Reads settings: from swift-configuration's reader, whatever its providers are, and by it from the environment.
///
/// An empty value counts as none. Whoever reads parses here and nowhere else; what bounds a value has is checked with the configuration as a
/// whole, so that values set in code are held to the same.
package struct SettingsReader: Sendable {
    private let reader: ConfigReader

    /// - Parameter reader: may be scoped: one for each of several databases, for example.
    package init(_ reader: ConfigReader) {
        self.reader = reader
    }

    /// Reads environment variables, and warns of those that begin with `WHERRY_` and are not known.
    package init(environment: [String: String], logger: Logger) {
        let secrets = Set(Setting.all.filter(\.isSecret).flatMap(\.variables))
        self.init(
            ConfigReader(provider: EnvironmentVariablesProvider(environmentVariables: environment, secretsSpecifier: .specific(secrets))))
        for warning in Self.warnings(about: environment) { logger.warning("\(warning)") }
    }

    /// Variables that begin with `WHERRY_` and mean nothing, with what was probably meant.
    package static func warnings(about environment: [String: String]) -> [String] {
        let known = Setting.all.flatMap(\.variables).filter { $0.hasPrefix(Self.prefix) }
        return environment.keys.sorted().filter { $0.hasPrefix(Self.prefix) && !known.contains($0) && !Self.foreign.contains($0) }
            .map { variable in
                let nearest = NearestNames.nearest(to: variable, in: known).first
                let advice = nearest.map { "did you mean \($0)?" } ?? "docs/configuration.md has all of them"
                return "the environment variable \(variable) means nothing to Wherry: \(advice)"
            }
    }

    private static let prefix = "WHERRY_"
    /// Of tests and tools.
    private static let foreign: Set<String> = ["WHERRY_PG_BIN", "WHERRY_CLOCK", "WHERRY_SCRIPT"]

    // MARK: Values

    /// Whether anybody says anything about it.
    package func has(_ setting: Setting) -> Bool {
        self.text(setting) != nil
    }

    /// The value as it is written, without white space around it.
    package func text(_ setting: Setting) -> String? {
        for key in [setting.key] + setting.fallbackKeys {
            if let text = self.text(ConfigKey(key), isSecret: setting.isSecret) { return text }
        }
        return nil
    }

    package func required(_ setting: Setting) throws(SettingsError) -> String {
        guard let text = self.text(setting) else { throw .missing(setting) }
        return text
    }

    /// A list's parts; empty if there is none.
    package func list(_ setting: Setting) -> [String] {
        let parts = self.text(setting)?.split(separator: ",") ?? []
        return parts.map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    /// Sets a whole number, if somebody says one.
    package func read(_ setting: Setting, into number: inout Int) throws(SettingsError) {
        guard let text = self.text(setting) else { return }
        guard let value = Int(text) else { throw .wrong(setting, text, setting.expectation) }
        try setting.check(value)
        number = value
    }

    /// Sets a duration, if somebody says how many seconds.
    package func read(_ setting: Setting, into duration: inout Duration) throws(SettingsError) {
        guard let text = self.text(setting) else { return }
        guard let seconds = Double(text), seconds.isFinite, abs(seconds) <= 1e9 else { throw .wrong(setting, text, setting.expectation) }
        let value = Duration.seconds(seconds)
        try setting.check(value)
        duration = value
    }

    /// Sets an interval, if somebody says one; 0 is none at all.
    package func readInterval(_ setting: Setting, into interval: inout Duration?) throws(SettingsError) {
        guard self.has(setting) else { return }
        var value = interval ?? .zero
        try self.read(setting, into: &value)
        interval = value == .zero ? nil : value
    }

    /// Sets a name, if somebody says one.
    package func read(_ setting: Setting, into name: inout String) throws(SettingsError) {
        guard let text = self.text(setting) else { return }
        try setting.check(text)
        name = text
    }

    /// Sets a switch, if somebody says on or off.
    package func read(_ setting: Setting, into isOn: inout Bool) throws(SettingsError) {
        guard let text = self.text(setting) else { return }
        switch text.lowercased() {
        case "on", "true", "yes", "1": isOn = true
        case "off", "false", "no", "0": isOn = false
        default: throw .wrong(setting, text, setting.expectation)
        }
    }

    /// Whatever type the provider has it as: a file's numbers, switches and lists as the environment would have them.
    private func text(_ key: ConfigKey, isSecret: Bool) -> String? {
        let trimmed = self.raw(key, isSecret: isSecret)?.trimmingCharacters(in: CharacterSet.whitespaces)
        return trimmed?.isEmpty ?? true ? nil : trimmed
    }

    private func raw(_ key: ConfigKey, isSecret: Bool) -> String? {
        if let text = self.reader.string(forKey: key, isSecret: isSecret) { return text }
        if let number = self.reader.int(forKey: key, isSecret: isSecret) { return String(number) }
        if let number = self.reader.double(forKey: key, isSecret: isSecret) { return String(number) }
        if let isOn = self.reader.bool(forKey: key, isSecret: isSecret) { return String(isOn) }
        return self.reader.stringArray(forKey: key, isSecret: isSecret)?.joined(separator: ",")
    }
}
