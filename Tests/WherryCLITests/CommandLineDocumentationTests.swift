import ArgumentParser
import Foundation
import Testing

@testable import WherryCLI

/// `docs/cli.md` says what the commands say of themselves.
@Suite("The page of the command line")
struct CommandLineDocumentationTests {
    private static func page() throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: "docs/cli.md"), encoding: .utf8)
    }

    /// The numbers at the beginnings of lines, after a heading, up to the next empty line.
    private static func statuses(in help: String) -> Set<Int> {
        guard let heading = help.range(of: "EXIT STATUS\n") else { return [] }
        let lines = help[heading.upperBound...].split(separator: "\n", omittingEmptySubsequences: false)
        return Set(lines.prefix { !$0.isEmpty }.compactMap { $0.split(separator: " ").first.flatMap { Int($0) } })
    }

    @Test(
        "Every command stands in the table with the exit statuses that its help tells",
        arguments: WherryTool.configuration.subcommands.indices)
    func exitStatuses(index: Int) throws {
        let command = WherryTool.configuration.subcommands[index]
        let name = try #require(command.configuration.commandName)
        let row = try #require(
            Self.page().split(separator: "\n").first { $0.hasPrefix("| `wherry \(name)` |") }, "docs/cli.md has no row for \(name)")
        let column = try #require(row.split(separator: "|").last { !$0.allSatisfy(\.isWhitespace) })
        let documented = Set(column.split(separator: ",").compactMap { Int($0.trimmingCharacters(in: .whitespaces)) })
        var told = Self.statuses(in: command.helpMessage(columns: 200))
        for subcommand in command.configuration.subcommands where subcommand.configuration.discussion.contains("exit status is 2") {
            told.insert(2)
        }
        #expect(documented == told)
    }

    @Test("Every status that any command has is explained")
    func explained() throws {
        let page = try Self.page()
        for status in ToolError.Status.allCases.map(\.rawValue) + CallOutcome.Status.allCases.map(\.rawValue) {
            #expect(page.contains("\n| \(status) | "), "exit status \(status) is not explained")
        }
    }

    @Test("Every topic of the doctor is named")
    func topics() throws {
        let page = try Self.page()
        for topic in Finding.Topic.allCases { #expect(page.contains("`\(topic.rawValue)`")) }
    }
}
