import WherryCore

/// What one database says of itself. `nil` where the role may not know.
struct DatabaseFacts: Hashable, Sendable {
    /// What it is to be, by the option that named it.
    enum Part: String, Hashable, Sendable {
        case primary
        case local

        /// The environment variable that usually names it.
        var variable: String {
            switch self {
            case .primary: "WHERRY_PRIMARY_DATABASE_URL"
            case .local: "DATABASE_URL"
            }
        }
    }

    /// A server that replicates from this one.
    struct Standby: Hashable, Sendable {
        var name: String
        /// `streaming`, `catchup` and so on; `nil` if the role may not know.
        var state: String?
        /// Bytes between what is flushed here and what is replayed there.
        var lag: Int64?
    }

    struct Slot: Hashable, Sendable {
        var name: String
        var isActive: Bool
        /// `reserved`, `extended`, `unreserved` or `lost` (manual, `pg_replication_slots`); `nil` if nothing was ever reserved.
        var state: String?
        /// Bytes of WAL that are kept for it.
        var kept: Int64?
    }

    /// How a standby is doing.
    struct Replay: Hashable, Sendable {
        var replayed: LSN?
        /// Whether there is a WAL receiver.
        var isReceiving: Bool
        /// `not paused`, `pause requested`, `paused`.
        var pauseState: String
    }

    enum Schema: Hashable, Sendable {
        case absent
        /// It is there; its version may not be read by this role.
        case hidden
        case versions(applied: [Int])
    }

    /// What stands in `wherry.settings`, in seconds.
    struct Retention: Hashable, Sendable {
        var retention: Double
        var acceptanceAge: Double
        var maximumDeadline: Double
        var clockSkew: Double
        var period: Double
        var periodsAhead: Int
    }

    struct Partitions: Hashable, Sendable {
        var count: Int
        /// When the oldest begins and the newest ends, in seconds since 1970.
        var from: Double
        var to: Double
        var pendingDetach: [String] = []
    }

    /// What a role may do in the schema `wherry`.
    struct Privileges: Hashable, Sendable {
        var role: String
        var isSuperuser: Bool
        var ownsReceipts: Bool
        /// By the schema's or the table's name; `wherry` is the schema.
        var held: [String: Set<String>]
    }

    /// What is seen of who is really at the other end.
    struct Route: Hashable, Sendable {
        /// The backend that the connection was told when it began, and those that answered its statements.
        var announced: Int32
        var answered: Set<Int32>
        /// Servers that answered, by address and start time.
        var servers: Set<String>
    }

    /// The server's clock against this machine's.
    struct Clock: Hashable, Sendable {
        /// The server's time, in seconds since 1970.
        var now: Double
        /// How far the server's is ahead, in seconds; and by how much that may be wrong.
        var offset: Double
        var uncertainty: Double
    }

    var part: Part
    /// The environment variable that names it, for advice.
    var variable: String
    /// Why nothing is known.
    var failure: String?
    /// `server_version_num`.
    var version = 0
    var isStandby = false
    var systemIdentifier: UInt64?
    /// Of the primary: the timeline that it writes, and where its log is flushed to.
    var timeline: UInt32?
    var flushed: LSN?
    /// Settings by name, as `pg_settings` has them: numbers in their base unit.
    var settings: [String: String] = [:]
    var schema: Schema?
    /// The newest row of `wherry.epochs`; `.some(nil)` if there is none.
    var epoch: Epoch??
    var standbys: [Standby] = []
    var slots: [Slot] = []
    var replay: Replay?
    var privileges: Privileges?
    var retention: Retention?
    var partitions: Partitions?
    var route: Route?
    var clock: Clock?

    /// - Parameters:
    ///   - part: what it is to be.
    ///   - variable: the environment variable that names it; by default the usual one.
    ///   - failure: why nothing is known.
    init(part: Part, variable: String? = nil, failure: String? = nil) {
        self.part = part
        self.variable = variable ?? part.variable
        self.failure = failure
    }

    /// Whether it could be looked into.
    var isUsable: Bool { self.failure == nil }

    /// For people.
    var name: String {
        switch self.part {
        case .primary: "primary database"
        case .local: "local database"
        }
    }

    /// `15.6` of 150006.
    static func versionText(_ number: Int) -> String {
        "\(number / 10_000).\(number % 10_000)"
    }
}
