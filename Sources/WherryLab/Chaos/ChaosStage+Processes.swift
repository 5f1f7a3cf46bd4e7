import Subprocess
import WherryCluster

extension ChaosStage {
    /// How long a process may take to drain: its own limit, and time to spare on a busy machine.
    private static let drainLimit = Duration.seconds(45)

    func startProcess(_ name: String) {
        guard !self.isEnding else { return }
        let process = ChaosProcess.start(name, self.program(of: name))
        self.processes[name] = process
        Task { await self.watch(process) }
    }

    /// Nobody may end but by what the run does to it.
    private func watch(_ process: ChaosProcess) async {
        let ending = await process.ending
        guard !self.isEnding, self.processes[process.name] === process else { return }
        self.complaints.append("\(process.name) ended by itself: \(ending ?? "exit status 0")")
        // As whatever supervises it would.
        self.startProcess(process.name)
    }

    private func program(of name: String) -> ChaosProcess.Program {
        let output = "\(self.folder)/\(name).output"
        if let port = self.brokerPorts[name] {
            let arguments = ["broker", "--region", Self.region, "--bind", "tcp://127.0.0.1:\(port)", "--until-input-ends"]
            return ChaosProcess.Program(path: self.programs.wherry, arguments: arguments, output: output)
        }
        let brokers = self.cast.brokers.compactMap { self.links[ChaosCast.link(from: name, to: $0)] }
        var database = self.cluster.primary.connection(database: Self.database)
        database.port = self.links[ChaosCast.link(from: name, to: "database")]?.port ?? database.port
        var environment = [
            "WHERRY_REGION": Self.region, "WHERRY_BROKERS": brokers.map { "tcp://127.0.0.1:\($0.port)" }.joined(separator: ","),
            "DATABASE_URL": database.url,
        ]
        guard let number = self.cast.apps.firstIndex(of: name) else {
            return ChaosProcess.Program(path: self.programs.worker, arguments: [], environment: environment, output: output)
        }
        if self.homes[name] != nil { environment["WHERRY_REGION"] = "far-\(number + 1)" }
        environment["WHERRY_PRIMARY_REGION"] = Self.region
        let run = "\(name).\(self.appRuns.count { $0.name.hasPrefix("\(name).") } + 1)"
        self.appRuns.append((run, false))
        let arguments = [
            "--name", run, "--log", "\(self.folder)/\(run).jsonl", "--post", "\(self.folder)/post",
            "--seed", "\(self.seed &* 1_000 &+ UInt64(self.appRuns.count))",
        ]
        return ChaosProcess.Program(path: self.programs.app, arguments: arguments, environment: environment, output: output)
    }

    /// Kills one, or has it drain, or freezes it; it is there again when this returns.
    func strikeProcess(_ fault: ChaosFault) async throws {
        guard let process = self.processes[fault.target] else { return }
        switch fault.kind {
        case .freezeBroker, .freezeWorker, .freezeApp:
            process.send(.suspend)
            try await Task.sleep(for: .seconds(fault.duration))
            process.send(.resume)
        case .drainBroker, .drainWorker:
            try await process.waitUntilHeard(within: .seconds(5))
            self.processes[fault.target] = nil
            if let flaw = await process.drain(within: Self.drainLimit) { self.complaints.append("\(fault.target), drained: \(flaw)") }
            self.startProcess(fault.target)
        default:
            self.processes[fault.target] = nil
            if fault.kind == .killApp, let last = self.appRuns.lastIndex(where: { $0.name.hasPrefix("\(fault.target).") }) {
                self.appRuns[last].wasKilled = true
            }
            await process.kill()
            try await Task.sleep(for: .seconds(fault.duration))
            self.startProcess(fault.target)
        }
    }
}
