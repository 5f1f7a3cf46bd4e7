/// The tables that the chaos run's jobs write.
package enum ChaosSchema {
    /// How many accounts there are, numbered from 0, and what each has in the beginning.
    package static let accounts = 48
    package static let balance = 1_000

    /// No unique key but the accounts', on purpose: nothing but Wherry keeps an effect from being there twice.
    package static let statements = """
        CREATE SCHEMA chaos;
        CREATE TABLE chaos.accounts (id integer PRIMARY KEY, balance bigint NOT NULL);
        INSERT INTO chaos.accounts SELECT id, \(Self.balance) FROM generate_series(0, \(Self.accounts - 1)) AS id;
        CREATE TABLE chaos.ledger (job uuid NOT NULL, source integer NOT NULL, target integer NOT NULL, amount bigint NOT NULL);
        CREATE TABLE chaos.entries (job uuid NOT NULL, list text NOT NULL, number integer NOT NULL, position integer NOT NULL);
        CREATE INDEX ON chaos.entries (list);
        CREATE TABLE chaos.orders (job uuid NOT NULL, key text NOT NULL);
        CREATE TABLE chaos.failures (job uuid NOT NULL);
        """
}
