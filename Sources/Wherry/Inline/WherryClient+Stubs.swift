package import Logging
package import WherryJobs
import WherryPostgres

extension WherryClient {
    /// A client without any server, whose jobs are answered by stubs.
    ///
    /// - Parameter region: its own and the primary's.
    package convenience init(stubs: StubRunner, region: String, logger: Logger) throws(JobError) {
        // Leads nowhere; nothing connects to it, for jobs are not awaited on it and reads are refused.
        let database = PostgresConfiguration("host=\(Self.nowhere)")
        let configuration = Configuration(region: region, primaryRegion: region, database: database)
        try self.init(configuration, runner: stubs, logger: logger)
    }

    private static let nowhere = "/wherry-stubs-have-no-database"

    /// Refuses what needs a database where there is none.
    func requireDatabase() throws(JobError) {
        guard self.configuration.database.conninfo != "host=\(Self.nowhere)" else {
            throw JobError(.misconfigured, "a client of stubs has no database to read from", region: self.configuration.region)
        }
    }
}
