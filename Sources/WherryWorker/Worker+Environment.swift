public import Configuration
public import Foundation
public import Logging
import WherryBroker
import WherryConfiguration
import WherryPostgres

extension Worker.Configuration {
    /// Reads a configuration with swift-configuration: from files, the environment, whatever the reader's providers are.
    ///
    /// `docs/configuration.md` has a table of all keys. Only `database.url` is required: a worker that is told nothing else runs a broker of
    /// its own at `tcp://127.0.0.1:7400`.
    ///
    /// - Parameter reader: for example `ConfigReader(provider: EnvironmentVariablesProvider())`.
    /// - Throws: ``WorkerError`` with the code `invalidConfiguration`, which names the key, its value and what it should be.
    public init(reader: ConfigReader) throws(WorkerError) {
        try self.init(SettingsReader(reader))
    }

    /// Reads a configuration from environment variables: `DATABASE_URL`, `WHERRY_REGION` (or `FLY_REGION`), `WHERRY_BROKERS`, `WHERRY_BIND` and
    /// the others of `docs/configuration.md`. Only `DATABASE_URL` is required.
    ///
    /// - Parameters:
    ///   - environment: by default this process's.
    ///   - logger: is warned of variables that begin with `WHERRY_` and mean nothing.
    /// - Throws: ``WorkerError`` with the code `invalidConfiguration`, which names the variable, its value and what it should be.
    public static func fromEnvironment(
        _ environment: [String: String] = ProcessInfo.processInfo.environment,
        logger: Logger = Logger(label: "wherry.worker")
    ) throws(WorkerError) -> Worker.Configuration {
        try Worker.Configuration(SettingsReader(environment: environment, logger: logger))
    }

    private init(_ settings: SettingsReader) throws(WorkerError) {
        do throws(SettingsError) {
            let region = try settings.region()
            self.init(
                region: region,
                brokers: settings.list(.brokers),
                database: PostgresConfiguration(try settings.required(.database), applicationName: "wherry-worker")
            )
            self.primaryRegion = settings.text(.primaryRegion)
            let binds = settings.isSingleMachine ? [Setting.localBind] : settings.list(.bind)
            if !binds.isEmpty {
                var broker = BrokerConfiguration(region: region, binds: binds)
                try broker.readShared(settings)
                self.broker = broker
            }
            self.migratesSchema = settings.isSingleMachine
            try settings.read(.migrate, into: &self.migratesSchema)
            try settings.read(.execute, into: &self.executesStatements)
            try settings.read(.concurrency, into: &self.concurrency)
            try settings.read(.drain, into: &self.drainLimit)
            try settings.read(.resolve, into: &self.resolveInterval)
            try settings.read(.heartbeat, into: &self.heartbeatInterval)
            try settings.read(.maximumPayloadBytes, into: &self.maximumPayloadSize)
            try settings.readInterval(.upkeep, into: &self.upkeepInterval)
        } catch {
            throw WorkerError(.invalidConfiguration, error.message)
        }
        try self.validate()
    }
}
