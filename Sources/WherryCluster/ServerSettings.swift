/// PostgreSQL settings of a cluster's servers: names and values as in `postgresql.conf`.
public struct ServerSettings: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    /// The values by name, unquoted.
    public var values: [String: String]

    /// Made from a dictionary literal: `["max_connections": "20"]`.
    public init(dictionaryLiteral elements: (String, String)...) {
        self.values = Dictionary(elements, uniquingKeysWith: { $1 })
    }

    /// For servers that live as long as a test: nothing is synchronised to disk.
    ///
    /// That is no danger to a test that kills servers: what a killed process has written, the kernel still has. Only a crash of the machine
    /// loses it.
    public static let temporary = Self.durable.merging(["fsync": "off"])

    /// For servers whose data matters: PostgreSQL's own durability, and what replication and failover need.
    public static let durable: Self = [
        "listen_addresses": "127.0.0.1",
        "max_connections": "200",
        "shared_buffers": "64MB",
        // Files in the data folder instead of /dev/shm, where a killed server would leave them.
        "dynamic_shared_memory_type": "mmap",
        "wal_level": "replica",
        "hot_standby": "on",
        "max_wal_senders": "20",
        "max_replication_slots": "20",
        // A dead replica must not fill the primary's disk (correctness.md, rule 22).
        "max_slot_wal_keep_size": "1GB",
        // A server that was rewound begins at its last checkpoint before the fork. No slot keeps that WAL: where it replicates from now, it had none.
        "wal_keep_size": "256MB",
        // pg_rewind needs it.
        "wal_log_hints": "on",
        "track_commit_timestamp": "off",
        // A replica that lost its primary looks for it this often; the default is 5 s.
        "wal_retrieve_retry_interval": "200ms",
        "wal_receiver_status_interval": "1s",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] ",
        "jit": "off",
    ]

    /// These settings, with others that win.
    public func merging(_ others: ServerSettings) -> ServerSettings {
        var settings = self
        settings.values.merge(others.values) { $1 }
        return settings
    }

    /// The text of a configuration file.
    var file: String {
        self.values.sorted { $0.key < $1.key }
            .map { "\($0.key) = '\($0.value.replacing("'", with: "''").replacing("\\", with: "\\\\"))'\n" }.joined()
    }
}
