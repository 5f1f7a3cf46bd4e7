extension Migration {
    /// Keeps two migrations of one database apart: the first eight bytes of "wherry" and what follows, as PostgreSQL's lock number.
    static let lockNumber: Int64 = 0x7768_6572_7279_0001

    /// What stands before the first migration of all, repeated harmlessly before every one.
    static let preamble = [
        "CREATE SCHEMA IF NOT EXISTS wherry",
        """
        CREATE TABLE IF NOT EXISTS wherry.migrations (
            version integer PRIMARY KEY,
            name text NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
        )
        """,
    ]

    /// What stands after the last way down.
    static let epilogue = ["DROP TABLE wherry.migrations", "DROP SCHEMA wherry"]

    /// The statements of the way up, with its entry in `wherry.migrations`.
    var upStatements: [String] {
        self.up + ["INSERT INTO wherry.migrations (version, name) VALUES (\(self.version), '\(self.name)')"]
    }

    /// The statements of the way down, with its entry taken out.
    var downStatements: [String] {
        self.down + ["DELETE FROM wherry.migrations WHERE version = \(self.version)"]
    }

    /// The whole way up as one transaction, as psql takes it.
    var text: String {
        let statements =
            ["BEGIN", "SELECT pg_advisory_xact_lock(\(Self.lockNumber))"] + Self.preamble + self.upStatements + ["COMMIT"]
        return "-- Wherry, schema version \(self.version): \(self.name)\n" + statements.map { "\($0);\n" }.joined()
    }
}
