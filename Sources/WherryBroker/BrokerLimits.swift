/// How much a broker holds at most. What comes on top is refused with a code and a time to come back, never kept "for now".
public struct BrokerLimits: Hashable, Sendable {
    /// Jobs that wait for a worker. Default 10,000.
    public var queuedJobs = 10_000
    /// What waiting jobs occupy, in bytes. Default 64 MiB.
    public var queuedBytes = 64 * 1024 * 1024
    /// Waiting jobs of one client. Default 2,500.
    public var queuedJobsPerClient = 2_500
    /// What one client's waiting jobs occupy, in bytes. Default 16 MiB.
    public var queuedBytesPerClient = 16 * 1024 * 1024
    /// What all jobs occupy, those that workers hold included, in bytes: they are kept so that another worker can have them if one dies.
    /// Default 256 MiB.
    public var heldBytes = 256 * 1024 * 1024
    /// The arguments, progress or output of one job, in bytes. Default 8 MiB.
    public var payloadBytes = 8 * 1024 * 1024
    /// Clients and workers. Default 10,000.
    public var peers = 10_000
    /// Jobs that one worker may hold, whatever credit it grants. Default 1,000.
    public var jobsPerWorker = 1_000
    /// Fences and questions for the primary's position that one worker answers at a time; they take no credit. Default 64.
    public var questionsPerWorker = 64
    /// Fences and questions that are not answered yet. Default 10,000.
    public var questions = 10_000
    /// Fences and questions of one client that are not answered yet. Default 2,500.
    public var questionsPerClient = 2_500
    /// Clients that wait for one and the same job; more forget the first. Default 16.
    public var clientsPerJob = 16

    /// The defaults.
    public init() {}
}
