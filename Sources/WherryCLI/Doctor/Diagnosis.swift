import WherryMigrations
import WherryZeroMQ

/// Judges what was collected: facts in, findings out, nothing else.
struct Diagnosis {
    let facts: DoctorFacts
    /// Whose role the connection to each database should have; `nil`: a worker's on the primary, an app's on a replica.
    var role: DatabaseRole?

    /// More than this is no lag of a moment any more.
    static let considerableLag: Int64 = 16 << 20
    static let largeLag: Int64 = 1 << 30
    /// A statement of a job that takes as long as this is nothing unusual.
    static let shortestStatementTimeout = 30.0
    /// An offset of the clock that somebody should look at; in seconds.
    static let considerableOffset = 1.0

    init(_ facts: DoctorFacts, role: DatabaseRole? = nil) {
        self.facts = facts
        self.role = role
    }

    /// All findings, topic by topic.
    var findings: [Finding] {
        self.connections + self.versions + self.schemas + self.roles + self.replication + self.slots + self.epochs + self.privileges
            + self.commits + self.timeouts + self.poolers + self.partitions + self.retention + self.clocks + self.brokers + self.jobs
    }

    /// What names the primary in advice.
    var primaryVariable: String { self.facts.primary?.variable ?? DatabaseFacts.Part.primary.variable }

    // MARK: Connections and versions

    var connections: [Finding] {
        [self.facts.primary, self.facts.local].compactMap(\.self).map { database in
            guard let failure = database.failure else { return .ok(.connection, "\(database.name): connected") }
            return .problem(
                .connection, "\(database.name): \(failure)",
                do: "check the address, the password and the firewall with: psql \"$\(database.variable)\"")
        }
    }

    var versions: [Finding] {
        var findings = self.facts.databases.map { database in
            let text = "\(database.name): PostgreSQL \(DatabaseFacts.versionText(database.version))"
            return database.version >= 140_000
                ? Finding.ok(.versions, text) : .problem(.versions, text, do: "Wherry needs PostgreSQL 14 or newer: upgrade the server")
        }
        if let primary = self.facts.primary, let local = self.facts.local, self.facts.databases.count == 2,
            primary.version / 10_000 != local.version / 10_000
        {
            findings.append(
                .problem(
                    .versions, "primary and local database are of different major versions",
                    do: "streaming replication works within one major version only: the local database is no replica of this primary"))
        }
        let libpq = "libpq \(DatabaseFacts.versionText(self.facts.libpq))"
        findings.append(
            self.facts.libpq >= 140_000
                ? .ok(.versions, libpq)
                : .problem(.versions, libpq, do: "pipeline mode came with libpq 14: install a newer libpq5 (Debian) or libpq (Homebrew)"))
        let zeroMQ = "libzmq \(self.facts.zeroMQ)"
        findings.append(
            (self.facts.zeroMQ.major, self.facts.zeroMQ.minor) >= (4, 3)
                ? .ok(.versions, zeroMQ) : .problem(.versions, zeroMQ, do: "Wherry is tested with libzmq 4.3: install a newer libzmq5"))
        return findings
    }

    var schemas: [Finding] {
        self.facts.databases.compactMap { database in
            let up = "wherry migrate up --database \"$\(database.isStandby ? self.primaryVariable : database.variable)\""
            switch database.schema {
            case nil: return nil
            case .absent: return .problem(.schema, "\(database.name): there is no schema wherry", do: "as the schema's owner: \(up)")
            case .hidden:
                return .ok(.schema, "\(database.name): the schema wherry is there; this role may not read its version")
            case .versions(let applied):
                let version = applied.last ?? 0
                if version > Migrator.newest {
                    return .problem(
                        .schema, "\(database.name): schema version \(version), and this tool knows \(Migrator.newest)",
                        do: "use a tool, apps and workers of the Wherry that migrated it")
                }
                let pending = Migration.all.filter { !applied.contains($0.version) }.map { "\($0.version) (\($0.name))" }
                if pending.isEmpty { return .ok(.schema, "\(database.name): schema version \(version), the newest") }
                return .problem(
                    .schema, "\(database.name): the schema lacks \(pending.joined(separator: ", "))", do: "as the schema's owner: \(up)")
            }
        }
    }

    var roles: [Finding] {
        var findings: [Finding] = []
        if let primary = self.facts.primary, primary.failure == nil {
            findings.append(
                primary.isStandby
                    ? .problem(
                        .roles, "the primary database is a standby", do: "point workers, and $\(primary.variable), at the primary")
                    : .ok(.roles, "the primary database is a primary"))
        }
        if let local = self.facts.local, local.failure == nil {
            findings.append(.ok(.roles, local.isStandby ? "the local database is a replica" : "the local database is a primary itself"))
            if let primary = self.facts.primary, let mine = local.systemIdentifier, let theirs = primary.systemIdentifier, mine != theirs {
                findings.append(
                    .problem(
                        .roles, "local database and primary have different system identifiers (\(mine) and \(theirs))",
                        do: "they are no copies of each other: point the local database at a replica of this primary"))
            }
        }
        return findings
    }
}
