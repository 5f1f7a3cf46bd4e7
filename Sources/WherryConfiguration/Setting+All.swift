extension Setting {
    // MARK: Where things are

    package static let region = Setting(
        "wherry.region", or: ["fly.region"], .name, [.client: "local", .worker: "local", .broker: "local"], example: "lax",
        "The region that the process runs in. May be left out where there is only one.")
    package static let primaryRegion = Setting(
        "wherry.primaryRegion", or: ["primary.region"], .name, [.client: "local", .worker: ""], example: "syd",
        "The region of the primary database. Without brokers it is the client's own region by default. A worker that stands there does not start "
            + "on a standby.")
    package static let database = Setting(
        "database.url", .database, [.client: "", .worker: ""], example: "postgres://app@localhost/app",
        "Required. A client's: the database to read from, the replica of its region or the primary where there is none. A worker's: its own, "
            + "in the primary's region the primary.")
    package static let primaryDatabase = Setting(
        "wherry.primaryDatabaseUrl", .database, [.client: ""], example: "postgres://app@primary.syd.example/app",
        "The primary, for jobs that run inline, where it is another server than the one to read from.")
    package static let brokers = Setting(
        "wherry.brokers", .endpoints, [.client: "", .worker: ""], example: "tcp://broker.syd.example:7400",
        "The brokers' endpoints. `lax=tcp://broker.lax.example:7400` names the region that a broker stands in; without it that is the primary's. "
            + "A host name stands for all of its addresses.")
    package static let bind = Setting(
        "wherry.bind", .endpoints, [.worker: "", .broker: ""], example: "tcp://*:7400",
        "Where a broker listens; in a worker's process it runs one. A worker with nothing but a database listens on `\(Self.localBind)`.")
    package static let scope = Setting(
        "wherry.scope", .name, [.client: "default", .broker: "default"], example: "shop",
        "Whose jobs these are, where no key says so: receipts and idempotency keys of one scope are hidden from another.")
    package static let migrate = Setting(
        "wherry.migrate", .toggle, [.client: "on", .worker: "on"], example: "off",
        "Whether to bring the schema `wherry` up to date at the start. On only for an inline client or a worker that is told nothing but its "
            + "database; off by default as soon as a region, a broker or an endpoint is named.")
    package static let waitsForUnknownJobs = Setting(
        "wherry.waitsForUnknownJobs", .toggle, [.client: "on"], example: "off",
        "Whether a call of a job that no worker offers waits for one that does, up to its deadline, as during a deploy; it fails at once otherwise."
    )
    package static let execute = Setting(
        "wherry.execute", .toggle, [.worker: "on"], example: "off",
        "Whether the worker runs single statements that clients send it (`client.execute`), or nothing but its handlers.")

    // MARK: Limits

    package static let concurrency = Setting(
        "wherry.concurrency", .number(1...1000), [.client: "16", .worker: "16"], example: "16",
        "How many jobs run at once, each on a connection of its own. A client's: of those that run inline.")
    package static let deadline = Setting(
        "wherry.deadlineSeconds", .seconds(0.001...1e9), [.client: "30"], example: "30",
        "How long a job may take until it is visible to its caller, unless the call says.")
    package static let maximumDeadline = Setting(
        "wherry.maximumDeadlineSeconds", .seconds(0.001...1e9), [.client: "3600"], example: "3600",
        "The longest deadline that a call may ask for.")
    package static let drain = Setting(
        "wherry.drainSeconds", .seconds(0...1e9), [.client: "10", .worker: "20", .broker: "30"], example: "20",
        "How long what is under way may take to end once the process is told to stop.")
    package static let resolve = Setting(
        "wherry.resolveSeconds", .seconds(0.1...3600), [.client: "10", .worker: "10"], example: "10",
        "How often the host names of brokers are looked up; sooner when one was lost.")
    package static let maximumPendingJobs = Setting(
        "wherry.maximumPendingJobs", .number(1...1_000_000), [.client: "10000"], example: "10000",
        "How many jobs may be pending; the next one fails with `overloaded`.")
    package static let maximumArgumentBytes = Setting(
        "wherry.maximumArgumentBytes", .number(1...8 << 20), [.client: "1048576"], example: "1048576",
        "How many bytes a job's encoded arguments may have; more fail with `tooLarge`.")
    package static let maximumReadConnections = Setting(
        "wherry.maximumReadConnections", .number(1...1000), [.client: "10"], example: "10",
        "How many connections reads may have; the next read waits, up to 5 s.")
    package static let maximumPayloadBytes = Setting(
        "wherry.maximumPayloadBytes", .number(1024...8 << 20), [.worker: "8388608", .broker: "8388608"], example: "8388608",
        "The largest arguments or results of a job.")
    package static let heartbeat = Setting(
        "wherry.heartbeatSeconds", .seconds(0.01...3600), [.worker: "1", .broker: "1"], example: "1",
        "How often each side of a connection says that it lives.")
    package static let upkeep = Setting(
        "wherry.upkeepSeconds", .seconds(0...1e9), [.client: "3600", .worker: "3600"], example: "3600",
        "How often partitions of the receipts are made and dropped, where the role may (`wherry upkeep`); 0 leaves that to others. A client's: "
            + "when it runs jobs inline.")

    // MARK: A broker's queues

    package static let maximumQueuedJobs = Setting(
        "wherry.maximumQueuedJobs", .number(1...100_000_000), [.worker: "10000", .broker: "10000"], example: "10000",
        "How many jobs may wait in a broker; the next one is refused with a time to come back.")
    package static let maximumQueuedBytes = Setting(
        "wherry.maximumQueuedBytes", .number(1...1 << 40), [.worker: "67108864", .broker: "67108864"], example: "67108864",
        "What waiting jobs may occupy in a broker.")
    package static let maximumQueuedJobsPerClient = Setting(
        "wherry.maximumQueuedJobsPerClient", .number(1...100_000_000), [.worker: "2500", .broker: "2500"], example: "2500",
        "How many jobs of one client may wait in a broker.")
    package static let maximumQueuedBytesPerClient = Setting(
        "wherry.maximumQueuedBytesPerClient", .number(1...1 << 40), [.worker: "16777216", .broker: "16777216"], example: "16777216",
        "What one client's waiting jobs may occupy in a broker.")
    package static let maximumHeldBytes = Setting(
        "wherry.maximumHeldBytes", .number(1...1 << 40), [.worker: "268435456", .broker: "268435456"], example: "268435456",
        "What all jobs of a broker may occupy, those that workers hold included.")
    package static let maximumPeers = Setting(
        "wherry.maximumPeers", .number(1...1_000_000), [.worker: "10000", .broker: "10000"], example: "10000",
        "How many clients and workers a broker serves.")

    /// Where a worker's own broker listens if nothing but a database is known.
    package static let localBind = "tcp://127.0.0.1:7400"

    /// All of them, in the order of the documentation.
    package static let all: [Setting] = [
        .region, .primaryRegion, .database, .primaryDatabase, .brokers, .bind, .scope, .migrate, .waitsForUnknownJobs, .execute,
        .concurrency, .deadline, .maximumDeadline, .drain, .resolve, .maximumPendingJobs, .maximumArgumentBytes, .maximumReadConnections,
        .maximumPayloadBytes, .heartbeat, .upkeep,
        .maximumQueuedJobs, .maximumQueuedBytes, .maximumQueuedJobsPerClient, .maximumQueuedBytesPerClient, .maximumHeldBytes,
        .maximumPeers,
    ]
}
