import Foundation
import Testing

@testable import WherryCLI

@Suite("The parts of wherry dev")
struct DevTests {
    private static let environment = DevEnvironment(
        primary: "syd", replica: "lax",
        databases: ["syd": "postgresql://postgres:p%27w@127.0.0.1:1/app", "lax": "postgresql://postgres:p%27w@127.0.0.1:2/app"],
        brokers: ["syd": "tcp://127.0.0.1:7400", "lax": "tcp://127.0.0.1:7401"], roundTripMilliseconds: 150)

    @Test("Each region's environment names its own database and its own way to the broker")
    func environment() throws {
        let lax = try #require(Self.environment["lax"])
        #expect(!lax.isPrimary)
        #expect(
            lax.variables == [
                "WHERRY_REGION": "lax", "WHERRY_PRIMARY_REGION": "syd", "WHERRY_BROKERS": "tcp://127.0.0.1:7401",
                "DATABASE_URL": "postgresql://postgres:p%27w@127.0.0.1:2/app",
            ])
        #expect(Self.environment["gru"] == nil)
    }

    @Test("A shell takes what is printed, whatever is in it")
    func shell() throws {
        let region = DevEnvironment.Region(name: "a", isPrimary: true, variables: ["A": "it's $HOME `x` \"y\""])
        #expect(region.shellLines == ["export A='it'\\''s $HOME `x` \"y\"'"])
        let text = Self.environment.shellText(folder: "/p/.wherry/env")
        #expect(text.split(separator: "\n").allSatisfy { $0.hasPrefix("#") || $0.hasPrefix("export ") })
        #expect(text.contains("/p/.wherry/env/lax.env"))
        #expect(text.contains("150 ms"))
    }

    @Test("A file has one variable a line, without quotes")
    func file() throws {
        let lines = try #require(Self.environment["syd"]).fileText.split(separator: "\n")
        #expect(lines.count == 4)
        #expect(lines.contains("WHERRY_BROKERS=tcp://127.0.0.1:7400"))
    }

    @Test("What another pair of regions left is not opened, and what to do is said")
    func obstacle() throws {
        let state = DevState(primary: "syd", replica: "lax")
        #expect(state.obstacle(primary: "syd", replica: "lax") == nil)
        #expect(try #require(state.obstacle(primary: "fra", replica: "lax")).contains("--reset"))
    }

    @Test("The folder keeps its state and its environment, is out of git's sight, and is locked once")
    func folder() throws {
        let project = FileManager.default.temporaryDirectory.appending(path: "wherry-dev-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: project) }
        let folder = DevFolder(project: project)
        try folder.make()
        try folder.make()
        #expect(try String(contentsOfFile: "\(folder.path)/.gitignore", encoding: .utf8) == "*\n")
        #expect(folder.state() == nil)
        #expect(!folder.isInUse)
        #expect(try folder.lock())
        #expect(folder.isInUse)
        #expect(try !folder.lock())

        var state = DevState(primary: "syd", replica: "lax")
        state.ports = ["syd": 1, "broker": 2]
        try folder.write(state)
        #expect(folder.state() == state)
        try folder.write(Self.environment)
        #expect(folder.environment() == Self.environment)
        let mode = try FileManager.default.attributesOfItem(atPath: "\(folder.environmentFolder)/lax.env")[.posixPermissions] as? Int
        #expect(mode == 0o600)
        folder.removeEnvironment()
        #expect(folder.environment() == nil)
        try folder.reset()
        #expect(folder.state() == nil)
    }
}
