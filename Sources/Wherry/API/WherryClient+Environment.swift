public import Configuration
public import Foundation
public import Logging
import WherryConfiguration
public import WherryJobs
import WherryPostgres

extension WherryClient.Configuration {
    /// Reads a configuration with swift-configuration: from files, the environment, whatever the reader's providers are.
    ///
    /// `docs/configuration.md` has a table of all keys. Only `database.url` is required: without regions and brokers it is a single machine
    /// with one database. A scoped reader serves for a second database in one process.
    ///
    /// - Parameter reader: for example `ConfigReader(provider: EnvironmentVariablesProvider())`.
    /// - Throws: ``JobError`` with the code `misconfigured`, which names the key, its value and what it should be.
    public init(reader: ConfigReader) throws(JobError) {
        try self.init(SettingsReader(reader))
    }

    /// Reads a configuration from environment variables: `DATABASE_URL`, `WHERRY_REGION` (or `FLY_REGION`), `WHERRY_PRIMARY_REGION` (or
    /// `PRIMARY_REGION`), `WHERRY_BROKERS` and the others of `docs/configuration.md`. Only `DATABASE_URL` is required.
    ///
    /// - Parameters:
    ///   - environment: by default this process's.
    ///   - logger: is warned of variables that begin with `WHERRY_` and mean nothing.
    /// - Throws: ``JobError`` with the code `misconfigured`, which names the variable, its value and what it should be.
    public static func fromEnvironment(
        _ environment: [String: String] = ProcessInfo.processInfo.environment,
        logger: Logger = Logger(label: "wherry.client")
    ) throws(JobError) -> WherryClient.Configuration {
        try WherryClient.Configuration(SettingsReader(environment: environment, logger: logger))
    }

    init(_ settings: SettingsReader) throws(JobError) {
        do throws(SettingsError) {
            let region = try settings.region()
            self.init(
                region: region,
                primaryRegion: try settings.primaryRegion(own: region),
                brokers: settings.list(.brokers),
                database: PostgresConfiguration(try settings.required(.database))
            )
            self.primaryDatabase = settings.text(.primaryDatabase).map { PostgresConfiguration($0) }
            self.migratesSchema = settings.isSingleMachine
            try settings.read(.migrate, into: &self.migratesSchema)
            try settings.read(.scope, into: &self.scope)
            try settings.read(.waitsForUnknownJobs, into: &self.waitsForUnknownJobs)
            try settings.read(.concurrency, into: &self.concurrency)
            try settings.read(.deadline, into: &self.deadline)
            try settings.read(.maximumDeadline, into: &self.maximumDeadline)
            try settings.read(.drain, into: &self.drainLimit)
            try settings.read(.resolve, into: &self.resolveInterval)
            try settings.read(.maximumPendingJobs, into: &self.maximumPendingJobs)
            try settings.read(.maximumArgumentBytes, into: &self.maximumArgumentBytes)
            try settings.read(.maximumReadConnections, into: &self.maximumReadConnections)
            try settings.readInterval(.upkeep, into: &self.upkeepInterval)
            if self.region != self.primaryRegion, self.brokers.isEmpty { throw SettingsError.missing(.brokers) }
        } catch {
            throw JobError(.misconfigured, error.message)
        }
        try self.validate()
    }
}
