extension Migration {
    /// Version 2: idempotency keys.
    static let keys = Migration(
        version: 2, name: "idempotency keys",
        up: [
            // The one table of ours from which rows are deleted: upkeep does that, when the receipt that a key stands for is past retention. A row
            // is inserted with that receipt, in one transaction, and never updated.
            """
            CREATE TABLE wherry.keys (
                scope text NOT NULL,
                key text NOT NULL,
                job_name text NOT NULL,
                fingerprint bytea NOT NULL,
                id uuid NOT NULL,
                outcome text NOT NULL CHECK (outcome IN ('committed', 'failed')),
                created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
                PRIMARY KEY (scope, key)
            )
            """,
            // Ids sort by time, so this is what deletion goes by.
            "CREATE INDEX keys_id ON wherry.keys (id)",
        ],
        down: ["DROP TABLE wherry.keys"])
}
