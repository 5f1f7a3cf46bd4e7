extension Migration {
    /// Version 1: epochs, settings, receipts and the functions that guard them.
    static let ledger = Migration(
        version: 1, name: "epochs, settings and receipts",
        up: [
            // Which fork of history this is (correctness.md, rule 4). Rows replicate, so a standby reads its epoch from its own table.
            """
            CREATE TABLE wherry.epochs (
                system_identifier bigint NOT NULL,
                timeline integer NOT NULL,
                restore_counter integer NOT NULL,
                random bigint NOT NULL,
                created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
                PRIMARY KEY (system_identifier, timeline, restore_counter)
            )
            """,
            // One row. No id below the floor is taken any more: its receipts may be gone.
            """
            CREATE TABLE wherry.settings (
                only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
                retention interval NOT NULL DEFAULT '7 days',
                acceptance_age interval NOT NULL DEFAULT '1 day',
                maximum_deadline interval NOT NULL DEFAULT '1 hour',
                clock_skew interval NOT NULL DEFAULT '1 minute',
                partition_period interval NOT NULL DEFAULT '1 day',
                periods_ahead integer NOT NULL DEFAULT 7,
                id_floor timestamptz NOT NULL DEFAULT '-infinity',
                CONSTRAINT receipts_outlive_every_copy CHECK (acceptance_age + maximum_deadline + clock_skew < retention),
                CONSTRAINT ages_are_positive CHECK (acceptance_age > '0' AND maximum_deadline > '0' AND clock_skew >= '0'),
                CONSTRAINT partitions_are_few CHECK (partition_period BETWEEN '1 hour' AND '31 days' AND periods_ahead BETWEEN 1 AND 1000)
            )
            """,
            "INSERT INTO wherry.settings DEFAULT VALUES",
            """
            CREATE FUNCTION wherry.keep_floor_rising() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP = 'DELETE' OR NEW.id_floor < OLD.id_floor THEN
                    RAISE EXCEPTION 'wherry.settings.id_floor only rises: receipts below it may be gone';
                END IF;
                RETURN NEW;
            END $$
            """,
            """
            CREATE TRIGGER keep_floor_rising BEFORE UPDATE OR DELETE ON wherry.settings
            FOR EACH ROW EXECUTE FUNCTION wherry.keep_floor_rising()
            """,
            // A UUIDv7 begins with 48 bits of milliseconds since 1970 (RFC 9562, section 5.7).
            """
            CREATE FUNCTION wherry.minted_at(id uuid) RETURNS timestamptz LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
                SELECT to_timestamp(('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint / 1000.0)
            $$
            """,
            """
            CREATE FUNCTION wherry.lowest_id(moment timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
                SELECT rpad(lpad(to_hex(floor(extract(epoch FROM moment) * 1000)::bigint), 12, '0'), 32, '0')::uuid
            $$
            """,
            // Stands in every insert of a receipt. It raises: an insert of zero rows would let COMMIT keep an effect without a receipt (rule 28).
            // On entering, before the handler, it is stricter, so that what is let in can still be stored at its end.
            """
            CREATE FUNCTION wherry.guarded(id uuid, entering boolean DEFAULT false) RETURNS uuid LANGUAGE plpgsql STABLE AS $$
            DECLARE
                minted CONSTANT timestamptz := wherry.minted_at(id);
                lowest timestamptz;
                highest timestamptz;
            BEGIN
                SELECT
                    CASE WHEN entering THEN greatest(s.id_floor, clock_timestamp() - s.acceptance_age) ELSE s.id_floor END,
                    clock_timestamp() + s.clock_skew
                    INTO STRICT lowest, highest FROM wherry.settings s;
                IF minted < lowest THEN
                    RAISE EXCEPTION 'job id % was made at %, before %: what became of such old ones is no longer known', id, minted, lowest
                        USING ERRCODE = 'WH002', HINT = 'Look at your own data for what became of it, and use a new id.';
                ELSIF minted > highest THEN
                    RAISE EXCEPTION 'job id % was made at %, in the future of the primary, where it is %', id, minted, clock_timestamp()
                        USING ERRCODE = 'WH001', HINT = 'Correct the clock of whoever made it.';
                END IF;
                RETURN id;
            END $$
            """,
            // Stands in every flight: a job runs only on the history that its caller knows (design.md, "Tokens and epochs"). A flushed position
            // below one that is known means a restored backup.
            """
            CREATE FUNCTION wherry.require_epoch(
                system_identifier bigint, timeline integer, restore_counter integer, random bigint, known_position pg_lsn
            ) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
            #variable_conflict use_variable
            DECLARE
                matches boolean;
            BEGIN
                IF pg_is_in_recovery() THEN
                    RAISE EXCEPTION 'this server is a standby' USING ERRCODE = 'WH004', HINT = 'Point the worker at the primary.';
                END IF;
                SELECT e.timeline = timeline AND e.restore_counter = restore_counter AND e.random = random INTO matches
                    FROM wherry.epochs e WHERE e.system_identifier = system_identifier
                    ORDER BY e.timeline DESC, e.restore_counter DESC LIMIT 1;
                IF matches IS NOT TRUE
                    OR ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer <> timeline
                    OR (SELECT c.system_identifier FROM pg_control_system() c) <> system_identifier
                    OR pg_current_wal_flush_lsn() < known_position
                THEN
                    RAISE EXCEPTION 'this server is not in the epoch that the job is for' USING ERRCODE = 'WH003';
                END IF;
                RETURN true;
            END $$
            """,
            // The ledger. Rows are only ever inserted, and go with their partition (rules 22 and 28). No DEFAULT partition.
            """
            CREATE TABLE wherry.receipts (
                id uuid PRIMARY KEY,
                outcome text NOT NULL CHECK (outcome IN ('committed', 'failed', 'cancelled', 'expired', 'poisoned', 'lost')),
                job_name text NOT NULL,
                job_version integer NOT NULL,
                digest bytea NOT NULL,
                scope text NOT NULL,
                content_type text NOT NULL,
                payload bytea NOT NULL,
                failure_code text,
                failure_message text,
                attempts integer NOT NULL,
                created_at timestamptz NOT NULL DEFAULT clock_timestamp()
            ) PARTITION BY RANGE (id)
            """,
            """
            CREATE VIEW wherry.receipt_partitions AS
            SELECT p.name, p.detach_pending, wherry.minted_at(p.lower_id) AS from_time, wherry.minted_at(p.upper_id) AS to_time
            FROM (
                SELECT c.relname AS name, i.inhdetachpending AS detach_pending,
                    substring(pg_get_expr(c.relpartbound, c.oid) FROM 'FROM \\(''([0-9a-f-]{36})''\\)')::uuid AS lower_id,
                    substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \\(''([0-9a-f-]{36})''\\)')::uuid AS upper_id
                FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                WHERE i.inhparent = 'wherry.receipts'::regclass
            ) p
            """,
            // LIKE and ATTACH: `CREATE … PARTITION OF` waits for every open job and holds up innocent inserts meanwhile (rule 28).
            """
            CREATE FUNCTION wherry.create_partitions() RETURNS SETOF text LANGUAGE plpgsql AS $$
            DECLARE
                setting wherry.settings%ROWTYPE;
                this_period timestamptz;
                lower_end timestamptz;
                name text;
            BEGIN
                SELECT * INTO STRICT setting FROM wherry.settings;
                this_period := date_bin(setting.partition_period, clock_timestamp(), 'epoch');
                SELECT max(p.to_time) INTO lower_end FROM wherry.receipt_partitions p;
                lower_end := greatest(lower_end, this_period - setting.partition_period);
                WHILE lower_end <= this_period + setting.periods_ahead * setting.partition_period LOOP
                    name := 'receipts_' || to_char(lower_end AT TIME ZONE 'UTC', 'YYYYMMDD"_"HH24MI');
                    EXECUTE format('CREATE TABLE wherry.%I (LIKE wherry.receipts INCLUDING ALL)', name);
                    EXECUTE format('ALTER TABLE wherry.receipts ATTACH PARTITION wherry.%I FOR VALUES FROM (%L) TO (%L)',
                        name, wherry.lowest_id(lower_end), wherry.lowest_id(lower_end + setting.partition_period));
                    lower_end := lower_end + setting.partition_period;
                    RETURN NEXT name;
                END LOOP;
            END $$
            """,
            "SELECT wherry.create_partitions()",
        ],
        down: [
            "DROP FUNCTION wherry.create_partitions()",
            "DROP VIEW wherry.receipt_partitions",
            "DROP TABLE wherry.receipts",
            "DROP FUNCTION wherry.require_epoch(bigint, integer, integer, bigint, pg_lsn)",
            "DROP FUNCTION wherry.guarded(uuid, boolean)",
            "DROP FUNCTION wherry.lowest_id(timestamptz)",
            "DROP FUNCTION wherry.minted_at(uuid)",
            "DROP TABLE wherry.settings",
            "DROP FUNCTION wherry.keep_floor_rising()",
            "DROP TABLE wherry.epochs",
        ])
}
