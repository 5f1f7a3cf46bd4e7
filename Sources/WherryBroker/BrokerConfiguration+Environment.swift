public import Configuration
public import Foundation
public import Logging
package import WherryConfiguration

extension BrokerConfiguration {
    /// Reads a configuration with swift-configuration: from files, the environment, whatever the reader's providers are.
    ///
    /// `docs/configuration.md` has a table of all keys. Only `wherry.bind` is required.
    ///
    /// - Parameter reader: for example `ConfigReader(provider: EnvironmentVariablesProvider())`.
    /// - Throws: ``BrokerError`` with the code `invalidConfiguration`, which names the key, its value and what it should be.
    public init(reader: ConfigReader) throws(BrokerError) {
        try self.init(SettingsReader(reader))
    }

    /// Reads a configuration from environment variables: `WHERRY_BIND`, `WHERRY_REGION` (or `FLY_REGION`) and the others of
    /// `docs/configuration.md`. Only `WHERRY_BIND` is required.
    ///
    /// - Parameters:
    ///   - environment: by default this process's.
    ///   - logger: is warned of variables that begin with `WHERRY_` and mean nothing.
    /// - Throws: ``BrokerError`` with the code `invalidConfiguration`, which names the variable, its value and what it should be.
    public static func fromEnvironment(
        _ environment: [String: String] = ProcessInfo.processInfo.environment,
        logger: Logger = Logger(label: "wherry.broker")
    ) throws(BrokerError) -> BrokerConfiguration {
        try BrokerConfiguration(SettingsReader(environment: environment, logger: logger))
    }

    private init(_ settings: SettingsReader) throws(BrokerError) {
        do throws(SettingsError) {
            _ = try settings.required(.bind)
            self.init(region: try settings.region(), binds: settings.list(.bind))
            try Setting.bind.check(self.binds)
            try settings.read(.drain, into: &self.drainTimeout)
            try self.readShared(settings)
        } catch {
            throw BrokerError(.invalidConfiguration, error.message)
        }
        try self.validate()
    }

    /// Reads what a broker is told whether it stands alone or in a worker's process.
    package mutating func readShared(_ settings: SettingsReader) throws(SettingsError) {
        try settings.read(.scope, into: &self.scope)
        try settings.read(.heartbeat, into: &self.heartbeatInterval)
        try settings.read(.maximumPayloadBytes, into: &self.limits.payloadBytes)
        try settings.read(.maximumQueuedJobs, into: &self.limits.queuedJobs)
        try settings.read(.maximumQueuedBytes, into: &self.limits.queuedBytes)
        try settings.read(.maximumQueuedJobsPerClient, into: &self.limits.queuedJobsPerClient)
        try settings.read(.maximumQueuedBytesPerClient, into: &self.limits.queuedBytesPerClient)
        try settings.read(.maximumHeldBytes, into: &self.limits.heldBytes)
        try settings.read(.maximumPeers, into: &self.limits.peers)
    }
}
