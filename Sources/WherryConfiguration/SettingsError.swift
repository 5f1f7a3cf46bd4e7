/// A value that is missing or makes no sense. The message names the variable, the value (unless it is a secret) and what it should be.
package struct SettingsError: Error, Sendable, Hashable {
    package var message: String

    package init(_ message: String) {
        self.message = message
    }

    package static func missing(_ setting: Setting) -> SettingsError {
        SettingsError("\(setting.name) is missing: set it, for example to \(setting.example)")
    }

    /// - Parameter value: as somebody wrote it, or as it stands in a configuration.
    static func wrong(_ setting: Setting, _ value: String, _ expected: String) -> SettingsError {
        setting.isSecret
            ? SettingsError("\(setting.name) is not \(expected)")
            : SettingsError("\(setting.name) is '\(value)'; it must be \(expected), for example \(setting.example)")
    }
}
