import Subprocess
import Testing

@Suite("The tool wherry", .timeLimit(.minutes(2)))
struct ToolTests {
    @Test(
        "Every command has help with examples and says how it ends",
        arguments: ["demo", "dev", "broker", "migrate", "upkeep", "doctor", "status", "call"])
    func help(command: String) async throws {
        let run = try await Tool.run(command, "--help")
        #expect(run.status == 0)
        #expect(run.output.contains("EXAMPLE"))
        #expect(run.output.contains("EXIT STATUS"))
    }

    @Test(
        "Arguments that make no sense end with 64 and say what would",
        arguments: [
            (["migrate", "status"], "DATABASE_URL"),
            (["migrate", "down", "--to", "0", "--database", "postgres://127.0.0.1:1/app"], "--delete-receipts"),
            (["migrate", "print", "--to", "99"], "versions go from 0"),
            (["broker", "--region", "syd"], "--bind"),
            (["broker", "--region", "", "--bind", "tcp://127.0.0.1:*"], "region"),
            (["demo", "--primary", "syd", "--replica", "SYD"], "different cities"),
            (["demo", "--rtt", "soon"], "--rtt"),
            (["dev", "--primary", "syd", "--replica", "SYD"], "different regions"),
            (["dev", "--port", "0"], "--port"),
            (["dev", "--folder", "/nowhere"], "/nowhere"),
            (["doctor"], "DATABASE_URL"),
            (["doctor", "--role", "king"], "--role"),
            (["status"], "WHERRY_BROKERS"),
            (["call", "items.add", "{"], "no JSON"),
            (["call", "items.add", "{}"], "WHERRY_BROKERS"),
            (["call", "items.add", "{}", "--deadline", "never"], "--deadline"),
        ])
    func usage(arguments: [String], hint: String) async throws {
        let run = try await Tool.run(arguments)
        #expect(run.status == 64)
        #expect(run.errors.contains(hint))
    }

    @Test("Shells get completions that know every command", arguments: ["bash", "zsh", "fish"])
    func completions(shell: String) async throws {
        let run = try await Tool.run("--generate-completion-script", shell)
        #expect(run.status == 0)
        for command in ["dev", "doctor", "status", "call"] { #expect(run.output.contains(command)) }
    }

    @Test("A database that does not answer ends with 69, and its password is not told")
    func unreachable() async throws {
        for arguments in [["migrate", "up"], ["migrate", "status"], ["upkeep"]] {
            let run = try await Tool.run(arguments, environment: ["DATABASE_URL": "postgres://owner:secret@127.0.0.1:1/app"])
            #expect(run.status == 69)
            #expect(run.errors.contains("127.0.0.1"))
            #expect(!run.errors.contains("secret"))
        }
    }

    @Test("The demo says which city or file it misses")
    func demoInput() async throws {
        let city = try await Tool.run("demo", "--replica", "XXX")
        #expect(city.status == 1)
        #expect(city.errors.contains("XXX"))
        let file = try await Tool.run("demo", "--airports", "/nowhere/airports.csv")
        #expect(file.status == 1)
        #expect(file.errors.contains("/nowhere/airports.csv"))
    }

    @Test("A broker tells where it listens and ends in good order when asked to", arguments: [Signal.terminate, .interrupt])
    func broker(signal: Signal) async throws {
        let run = try await Tool.withBroker(
            "--region", "syd", "--bind", "tcp://127.0.0.1:*", "--bind", "tcp://127.0.0.1:*"
        ) { endpoints, send, _ in
            #expect(endpoints.allSatisfy { $0.hasPrefix("tcp://127.0.0.1:") && !$0.hasSuffix("*") })
            #expect(Set(endpoints).count == 2)
            try send(signal)
        }
        #expect(run.status == 0)
    }

    @Test("A broker can be told not to outlive whoever started it")
    func brokerEndsWithItsInput() async throws {
        let run = try await Tool.withBroker("--region", "syd", "--bind", "tcp://127.0.0.1:*", "--until-input-ends") { _, _, input in
            try await input.finish()
        }
        #expect(run.status == 0)
    }

    @Test("A broker whose address is taken ends with 69 and names it")
    func addressTaken() async throws {
        let run = try await Tool.withBroker("--region", "syd", "--bind", "tcp://127.0.0.1:*") { endpoints, send, _ in
            let second = try await Tool.run("broker", "--region", "syd", "--bind", endpoints[0])
            #expect(second.status == 69)
            #expect(second.errors.contains(endpoints[0]))
            try send(.terminate)
        }
        #expect(run.status == 0)
    }
}
