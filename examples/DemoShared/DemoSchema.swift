/// The demo's one table, on the primary and hence on the replica.
package enum DemoSchema {
    /// It has no unique key, on purpose: nothing but the receipts keeps a job that is delivered twice from inserting its rows twice.
    package static let statements = """
        CREATE TABLE airports (
            step text NOT NULL,
            code text NOT NULL,
            city text NOT NULL,
            country text NOT NULL,
            latitude double precision NOT NULL,
            longitude double precision NOT NULL
        );
        CREATE INDEX ON airports (step, code);
        """
}
