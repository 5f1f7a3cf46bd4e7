import ArgumentParser
import WherryMigrations

/// `wherry migrate`: the schema `wherry` in the user's database.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Bring the schema `wherry` up to date, or take it back.",
        discussion: """
            Receipts, epochs and settings live in a schema of their own beside your tables. Run this on the primary, as a role that may create \
            schemas there; replicas get it by replication. It is safe to run twice at once: the second waits for the first.

            EXAMPLES
              wherry migrate up --database postgres://owner@db.example/app
              DATABASE_URL=postgres://owner@db.example/app wherry migrate status
              wherry migrate print | psql --set ON_ERROR_STOP=1 app

            \(ToolError.discussion)
            """,
        subcommands: [Up.self, Down.self, Status.self, Print.self]
    )
}

extension MigrateCommand {
    struct Up: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Apply what is missing.")

        @OptionGroup var database: DatabaseOptions

        @Option(help: "Stop at this version; the newest by default.")
        var to: Int = Migrator.newest

        func run() async throws {
            try await ToolError.reporting {
                try await self.database.withConnection { connection, logger in
                    let applied = try await Migrator(connection: connection, logger: logger).up(to: self.to)
                    for version in applied { Console.print("applied \(Names.migration(version))") }
                    if applied.isEmpty { Console.print("nothing to do: version \(self.to) is there") }
                }
            }
        }
    }

    struct Down: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take versions back, the newest first.",
            discussion: """
                Version 0 is a database without the schema. To go there deletes all receipts: a job that is sent again afterwards runs again, \
                and nobody can tell any more what became of one. Hence the flag.
                """
        )

        @OptionGroup var database: DatabaseOptions

        @Option(help: "The version that shall be the newest afterwards.")
        var to: Int

        @Flag(help: "Yes, delete the receipts of all jobs: needed for `--to 0`.")
        var deleteReceipts = false

        func run() async throws {
            try await ToolError.reporting {
                guard self.to > 0 || self.deleteReceipts else {
                    throw ToolError(.usage, "`--to 0` deletes the receipts of all jobs: say --delete-receipts if you mean it")
                }
                try await self.database.withConnection { connection, logger in
                    let removed = try await Migrator(connection: connection, logger: logger).down(to: self.to)
                    for version in removed { Console.print("took back \(Names.migration(version))") }
                    if removed.isEmpty { Console.print("nothing to do: no version above \(self.to) is there") }
                }
            }
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tell what is there and what is missing.",
            discussion: "Works on a replica too. The exit status is 2 if something is missing."
        )

        @OptionGroup var database: DatabaseOptions

        func run() async throws {
            try await ToolError.reporting {
                try await self.database.withConnection { connection, logger in
                    let status = try await Migrator(connection: connection, logger: logger).status()
                    for version in status.applied { Console.print("applied  \(Names.migration(version))") }
                    for migration in status.pending { Console.print("missing  \(Names.migration(migration.version))") }
                    if !status.isUpToDate {
                        throw ToolError(.pending, "the schema is not up to date: run `wherry migrate up`")
                    }
                }
            }
        }
    }

    struct Print: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the way up as plain SQL.",
            discussion: "For those who let nobody but themselves change their schema. Needs no database."
        )

        @Option(help: "The version that the database has.")
        var from: Int = 0

        @Option(help: "The version that it shall have; the newest by default.")
        var to: Int = Migrator.newest

        func run() async throws {
            try await ToolError.reporting {
                guard self.from >= 0, self.from <= self.to, self.to <= Migrator.newest else {
                    throw ToolError(.usage, "versions go from 0 to \(Migrator.newest), and --from is no higher than --to")
                }
                Console.print(Migrator.print(from: self.from, to: self.to))
            }
        }
    }

    private enum Names {
        /// A version with its name.
        static func migration(_ version: Int) -> String {
            Migration.all.first { $0.version == version }.map { "\($0.version) (\($0.name))" } ?? "\(version)"
        }
    }
}
