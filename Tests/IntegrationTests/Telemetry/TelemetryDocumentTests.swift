import Foundation
import Testing
import WherryCore

/// `docs/telemetry.md` says what the code does, and the code nothing else.
@Suite("The tables of docs/telemetry.md")
struct TelemetryDocumentTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The first or second column of the table that begins with this header, without back-ticks.
    private static func column(_ index: Int, of header: String) throws -> [String] {
        let page = try String(contentsOf: self.root.appending(path: "docs/telemetry.md"), encoding: .utf8)
        let start = try #require(page.range(of: "| \(header) |"), "there is no table '\(header)'")
        let lines = page[start.lowerBound...].split(separator: "\n", omittingEmptySubsequences: false).prefix { $0.hasPrefix("|") }
        return lines.dropFirst(2).map { line in
            line.split(separator: "|", omittingEmptySubsequences: false)[index + 1].trimmingCharacters(in: .whitespaces)
        }
    }

    private static func names(of header: String) throws -> [String] {
        try self.column(0, of: header).flatMap { $0.split(separator: ", ").map { $0.trimmingCharacters(in: ["`"]) } }
    }

    /// What users may see of: the libraries, not tools and test kits.
    private static func sources() throws -> [(path: String, text: String)] {
        let modules = [
            "WherryCore", "WherryEventLoop", "WherryZeroMQ", "WherryPostgres", "WherryWire", "WherryJobs", "WherryMigrations",
            "WherryBroker",
            "WherryWorker", "Wherry",
        ]
        var files: [(String, String)] = []
        for module in modules {
            let folder = self.root.appending(path: "Sources/\(module)")
            let all = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
            for case let file as URL in all where file.pathExtension == "swift" {
                files.append((file.path, try String(contentsOf: file, encoding: .utf8)))
            }
        }
        return files
    }

    @Test func `name every metric and every dimension`() throws {
        #expect(try Set(Self.names(of: "metric")) == Set(MetricName.allCases.map(\.rawValue)))
        #expect(try Set(Self.names(of: "dimension")) == Set(MetricDimension.allCases.map(\.rawValue)))
        let used = try Self.column(2, of: "metric").flatMap { $0.split(separator: ", ").map { $0.trimmingCharacters(in: ["`"]) } }
        #expect(Set(used).isSubset(of: MetricDimension.allCases.map(\.rawValue)))
    }

    @Test func `name every span and every attribute`() throws {
        #expect(try Set(Self.names(of: "span")) == Set(SpanName.allCases.map(\.rawValue)))
        #expect(try Set(Self.names(of: "attribute")) == Set(SpanKey.allCases.map(\.rawValue)))
    }

    @Test func `name every log key, and no key is written out where something is logged`() throws {
        let keys = try Self.sources().first { $0.path.hasSuffix("LogKey.swift") }
        let defined = try #require(keys).text.matches(of: #/static let \w+ = "([^"]+)"/#).map { String($0.output.1) }
        #expect(try Set(Self.names(of: "key")) == Set(defined))
        for (path, text) in try Self.sources() {
            #expect(text.firstMatch(of: #/metadata(?:Key)?: ?\[?\s*"/#) == nil, "\(path) writes a key out: add it to LogKey")
        }
    }

    @Test func `list every message from info upwards, with its level`() throws {
        let levels = try Self.column(0, of: "level")
        let messages = try Self.column(1, of: "level")
        let documented = Set(zip(levels, messages).map { "\($0): \($1)" })
        var found: Set<String> = []
        for (_, text) in try Self.sources() {
            for match in text.matches(of: #/(?:logger|log)\.(info|notice|warning|error|critical)\(\s*"((?:[^"\\]|\\.)*)"/#) {
                found.insert("\(match.output.1): \(Self.withoutValues(match.output.2))")
            }
            // Two whose level or number is bounded where they are written.
            for match in text.matches(of: #/(?:\.log\(\s*level:[^"]*|self\.complain\()"((?:[^"\\]|\\.)*)"/#) {
                found.insert("warning: \(Self.withoutValues(match.output.1))")
            }
        }
        #expect(found.subtracting(documented).isEmpty, "not in docs/telemetry.md")
        #expect(documented.subtracting(found).isEmpty, "in docs/telemetry.md only")
        #expect(found.count > 30)
    }

    /// What stands in a message's place for a value is `…`.
    private static func withoutValues(_ message: Substring) -> String {
        String(message.replacing(#/\\\([^)]*\)/#, with: "…"))
    }
}
