import Foundation
import Subprocess
import SystemPackage
import Testing
import WherryTestKit

@Suite("The quickstart", .postgres, .timeLimit(.minutes(2)))
struct QuickstartTests {
    /// Runs `examples/Quickstart` as it was built, with nothing but a database's URL in its environment.
    private func run() async throws -> (status: TerminationStatus, output: String, errors: String) {
        let folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        let result = try await Subprocess.run(
            .path(FilePath(folder.appending(path: "wherry-quickstart").path)),
            environment: .custom(["DATABASE_URL": TestDatabase.current.primary.url]),
            output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        return (result.terminationStatus, result.standardOutput, result.standardError)
    }

    @Test func `runs on an empty database with nothing but its URL, and again on what it left there`() async throws {
        let first = try await self.run()
        #expect(first.status == .exited(0), "\(first.errors)")
        #expect(first.output == "Ada was here 1 time(s); guests: Ada\n")
        let second = try await self.run()
        #expect(second.output == "Ada was here 2 time(s); guests: Ada\n", "\(second.errors)")
    }

    @Test func `is short`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let source = try String(contentsOf: root.appending(path: "examples/Quickstart/Quickstart.swift"), encoding: .utf8)
        let code = source.split(separator: "\n").filter { line in
            let text = line.trimmingCharacters(in: .whitespaces)
            return !text.isEmpty && !text.hasPrefix("//")
        }
        #expect(code.count < 30)
    }
}
