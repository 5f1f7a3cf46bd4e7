/// What the demo found in the primary's tables after it had killed a worker in the middle of a job.
package struct KilledWorker: Codable, Hashable, Sendable {
    package var jobID: String
    /// Rows that the killed worker had inserted, in a transaction that was never to commit.
    package var rowsLost: Int
    /// Workers killed with SIGKILL while they ran the job.
    package var kills: Int
    /// The job's rows on the primary in the end.
    package var rowsOnPrimary: Int
    /// Receipts of the job's id.
    package var receipts: Int
    /// The outcome that the receipt names.
    package var outcome: String

    package init(jobID: String, rowsLost: Int, kills: Int, rowsOnPrimary: Int, receipts: Int, outcome: String) {
        self.jobID = jobID
        self.rowsLost = rowsLost
        self.kills = kills
        self.rowsOnPrimary = rowsOnPrimary
        self.receipts = receipts
        self.outcome = outcome
    }

    /// `jobId`, because a snake-case coder turns that into `job_id` and back; of `jobID` it would not find the way back.
    private enum CodingKeys: String, CodingKey {
        case jobID = "jobId"
        case rowsLost, kills, rowsOnPrimary, receipts, outcome
    }
}
