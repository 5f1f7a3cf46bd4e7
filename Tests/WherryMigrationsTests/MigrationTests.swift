import Foundation
import Testing
import WherryMigrations

@Suite("Migrations")
struct MigrationTests {
    @Test("count up from 1 without gaps, each with a way back")
    func versions() {
        #expect(Migration.all.map(\.version) == Array(1...Migrator.newest))
        #expect(Migration.all.allSatisfy { !$0.up.isEmpty && !$0.down.isEmpty && !$0.name.contains("'") })
    }

    @Test("are single statements, as libpq's pipeline wants them")
    func singleStatements() {
        for statement in Migration.all.flatMap({ $0.up + $0.down }) {
            // Bodies of functions stand between dollar quotes.
            let parts = statement.split(separator: "$$", omittingEmptySubsequences: false)
            let outside = parts.enumerated().filter { $0.offset % 2 == 0 }.map(\.element).joined()
            #expect(!outside.contains(";"), "\(statement.prefix(60))")
        }
    }

    @Test("print as transactions of plain SQL, from one version to another, with the privileges that roles need")
    func printed() {
        let text = Migrator.print()
        #expect(text.hasPrefix("-- Wherry, schema version 1"))
        #expect(text.components(separatedBy: "\nBEGIN;\n").count == text.components(separatedBy: "\nCOMMIT;\n").count)
        #expect(text.contains(#"-- GRANT SELECT, INSERT ON wherry.receipts, wherry.epochs, wherry.keys TO "worker";"#))
        #expect(!Migrator.print(from: Migrator.newest).contains("CREATE TABLE"))
    }

    @Test("quote the names of roles in grants")
    func grants() {
        #expect(Grants.worker(#"a"b"#).allSatisfy { $0.hasSuffix(#"TO "a""b""#) })
    }
}
