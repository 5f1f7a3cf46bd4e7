/// Every metric's name. `docs/telemetry.md` has them all with their kinds, dimensions and units; a test compares the two.
package enum MetricName: String, CaseIterable {
    case clientJobs = "wherry.client.jobs"
    case clientDuration = "wherry.client.duration"
    case clientLeg = "wherry.client.leg"
    case clientPending = "wherry.client.pending"
    case clientResends = "wherry.client.resends"
    case clientLinks = "wherry.client.links"

    case replayWaiters = "wherry.replay.waiters"
    case replayPolls = "wherry.replay.polls"
    case replayWait = "wherry.replay.wait"
    case replayLag = "wherry.replay.lag"

    case workerJobs = "wherry.worker.jobs"
    case workerLease = "wherry.worker.lease"
    case workerHandler = "wherry.worker.handler"
    case workerCommit = "wherry.worker.commit"
    case workerRunning = "wherry.worker.running"
    case workerRedeliveries = "wherry.worker.redeliveries"
    case workerEpochChanges = "wherry.worker.epoch_changes"

    case brokerQueuedJobs = "wherry.broker.queued_jobs"
    case brokerQueuedBytes = "wherry.broker.queued_bytes"
    case brokerDispatchedJobs = "wherry.broker.dispatched_jobs"
    case brokerWorkers = "wherry.broker.workers"
    case brokerClients = "wherry.broker.clients"
    case brokerRefusals = "wherry.broker.refusals"
    case brokerQueueTime = "wherry.broker.queue_time"

    case poolUsed = "wherry.pool.used"
    case poolWaiting = "wherry.pool.waiting"
    case poolAcquire = "wherry.pool.acquire"
}

/// The dimensions of metrics: few, and none that grows with the jobs that are run.
package enum MetricDimension: String, CaseIterable {
    /// The region of the process that records.
    case region
    /// A job's name.
    case job
    /// How a job ended.
    case outcome
    /// Which leg of a job's way.
    case leg
    /// Why a broker refused a job.
    case code
    /// Which pool of connections.
    case pool
}
