/// The metadata keys that jobs are logged with.
package enum LogKey {
    package static let jobID = "job.id"
    package static let jobName = "job.name"
    package static let outcome = "job.outcome"
    package static let attempts = "job.attempts"
    package static let epoch = "pg.epoch"
    package static let lsn = "pg.lsn"
    package static let sqlState = "pg.sqlstate"
    package static let region = "region"
    package static let error = "error"
}
