/// The metadata keys of everything that is logged. `docs/telemetry.md` has them all; a test compares the two, and sees to it that no key is
/// written out elsewhere.
package enum LogKey {
    package static let region = "region"
    package static let error = "error"

    package static let jobID = "job.id"
    package static let jobIDs = "job.ids"
    package static let jobName = "job.name"
    package static let outcome = "job.outcome"
    package static let attempts = "job.attempts"

    package static let epoch = "pg.epoch"
    package static let newestEpoch = "pg.epoch.newest"
    package static let otherEpoch = "pg.epoch.other"
    package static let lsn = "pg.lsn"
    package static let sqlState = "pg.sqlstate"
    package static let pid = "pg.pid"
    package static let severity = "pg.severity"
    package static let commandTag = "pg.tag"
    package static let server = "pg.server"
    package static let oldServer = "pg.server.old"

    package static let endpoint = "zmq.endpoint"
    package static let endpoints = "zmq.endpoints"
    package static let peer = "zmq.peer"

    package static let brokerRegion = "broker.region"
    package static let host = "host"

    package static let peerRegion = "peer.region"
    package static let farewell = "peer.farewell"
    package static let offers = "worker.offers"

    package static let queuedJobs = "jobs.queued"
    package static let dispatchedJobs = "jobs.dispatched"
    package static let redeliveredJobs = "jobs.redelivered"

    package static let schemaVersion = "schema.version"
    package static let partitionsCreated = "partitions.created"
    package static let partitionsDropped = "partitions.dropped"
    package static let partitionsPostponed = "partitions.postponed"
}
