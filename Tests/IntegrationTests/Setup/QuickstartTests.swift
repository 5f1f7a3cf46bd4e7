import Foundation
import Testing
import WherryTestKit

@Suite("The quickstart", .postgres, .timeLimit(.minutes(2)))
struct QuickstartTests {
    /// `examples/Quickstart` as it was built, with nothing but a database's URL in its environment.
    private var program: Program {
        Program(name: "wherry-quickstart", environment: ["DATABASE_URL": TestDatabase.current.primary.url])
    }

    @Test func `runs on an empty database with nothing but its URL, and again on what it left there`() async throws {
        let first = try await self.program.run()
        #expect(first.status == 0, "\(first.errors)")
        #expect(first.output == "Ada was here 1 time(s); guests: Ada\n")
        let second = try await self.program.run()
        #expect(second.output == "Ada was here 2 time(s); guests: Ada\n", "\(second.errors)")
    }

    private static func text(of path: String) throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    @Test func `is short, and stands in the README as it is`() throws {
        let source = try Self.text(of: "examples/Quickstart/Quickstart.swift")
        let code = source.split(separator: "\n").filter { line in
            let text = line.trimmingCharacters(in: .whitespaces)
            return !text.isEmpty && !text.hasPrefix("//")
        }
        #expect(code.count < 30)
        #expect(try Self.text(of: "README.md").contains(source))
    }
}
