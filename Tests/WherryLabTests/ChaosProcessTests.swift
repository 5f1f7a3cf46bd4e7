import Foundation
import Subprocess
import Testing

@testable import WherryLab

@Suite("A process of the chaos run", .timeLimit(.minutes(1)))
struct ChaosProcessTests {
    /// Runs a shell script for the time of a body.
    private func withScript(_ script: String, _ body: (ChaosProcess, String) async throws -> Void) async throws {
        let output = FileManager.default.temporaryDirectory.path + "/chaos-process-\(UInt64.random(in: .min ... .max))"
        defer { try? FileManager.default.removeItem(atPath: output) }
        let process = ChaosProcess.start("script", ChaosProcess.Program(path: "/bin/sh", arguments: ["-c", script], output: output))
        try await process.waitUntilHeard(within: .seconds(20))
        try await body(process, output)
        await process.kill()
    }

    @Test("drains without a flaw if it ends with exit status 0; its output is kept line by line")
    func drains() async throws {
        try await self.withScript("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done") { process, output in
            #expect(await process.drain(within: .seconds(20)) == nil)
            let said = try String(contentsOfFile: output, encoding: .utf8)
            #expect(said == "up\nbye\n")
        }
    }

    @Test("says how it ended otherwise, and is killed if it does not end at all")
    func flaws() async throws {
        try await self.withScript("trap 'exit 3' TERM; echo up; while :; do sleep 0.05; done") { process, _ in
            #expect(await process.drain(within: .seconds(20))?.contains("3") == true)
        }
        try await self.withScript("trap '' TERM; echo up; while :; do sleep 0.05; done") { process, _ in
            #expect(await process.drain(within: .milliseconds(200))?.contains("SIGTERM") == true)
            #expect(await process.ending != nil)
        }
    }

    @Test("stands still while it is frozen, and goes on")
    func freezes() async throws {
        let script = "trap 'exit 0' TERM; echo up; while :; do sleep 0.05; done"
        try await self.withScript(script) { process, _ in
            process.send(.suspend)
            #expect(await process.drain(within: .milliseconds(300))?.contains("SIGTERM") == true)
        }
        try await self.withScript(script) { process, _ in
            process.send(.suspend)
            process.send(.resume)
            #expect(await process.drain(within: .seconds(20)) == nil)
        }
    }
}
