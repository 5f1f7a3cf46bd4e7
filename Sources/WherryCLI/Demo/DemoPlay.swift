import DemoShared
import Foundation
import WherryCluster

/// The processes of the demo, and what happens between them: the broker listens, a worker and the app start, the app does its steps, a worker
/// is killed and another one started.
struct DemoPlay {
    /// A process's part.
    private enum Role: Hashable, Sendable {
        case broker
        /// Counted from 1.
        case worker(Int)
        case app

        var name: String {
            switch self {
            case .broker: "the broker"
            case .worker(let number): "worker \(number)"
            case .app: "the app"
            }
        }
    }

    let programs: DemoPrograms
    let regions: DemoRegions
    let airports: URL
    private(set) var screen: DemoScreen

    /// Workers killed so far.
    private(set) var kills = 0
    private var worker: (number: Int, killer: DemoProcess.Killer?) = (0, nil)
    private var broker: String?
    private var halfway: (jobID: String, rows: Int)?
    private var measurements: [StepMeasurement] = []
    private var badJobs: [BadJobMeasurement]?

    init(programs: DemoPrograms, regions: DemoRegions, airports: URL, screen: DemoScreen) {
        self.programs = programs
        self.regions = regions
        self.airports = airports
        self.screen = screen
    }

    /// Runs the processes until the app is through, then ends them.
    ///
    /// - Returns: what the app measured, and the job in whose middle a worker was killed.
    mutating func run() async throws -> ([StepMeasurement], [BadJobMeasurement], (jobID: String, rows: Int)) {
        let (events, event) = AsyncStream.makeStream(of: (Role, DemoProcess.Event).self)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            func start(_ roles: [Role]) throws {
                for role in roles {
                    let process = try self.process(role)
                    group.addTask { await process.run { event.yield((role, $0)) } }
                }
            }
            self.screen.working(on: "starting the broker")
            try start([.broker])
            for await (role, event) in events {
                try await start(self.handle(event, of: role))
                if let badJobs = self.badJobs {
                    guard let halfway = self.halfway else {
                        throw DemoError("no worker came to the middle of the job that was to be killed")
                    }
                    group.cancelAll()
                    return (self.measurements, badJobs, halfway)
                }
            }
            throw CancellationError()
        }
    }

    /// - Returns: the processes to be started now.
    private mutating func handle(_ event: DemoProcess.Event, of role: Role) async throws -> [Role] {
        switch (role, event) {
        case (.broker, .line(let line)):
            guard self.broker == nil, let endpoint = BrokerCommand.endpoint(in: line) else { return [] }
            try await self.regions.connect(toBroker: endpoint)
            self.broker = endpoint
            return [.worker(1), .app]
        case (.worker(let number), .started(let killer)):
            self.worker = (number, killer)
        case (.worker, .line(let line)):
            guard case .halfway(let jobID, let rows) = try JSONLine.decode(WorkerLine.self, from: line) else { return [] }
            self.handleHalfway(of: jobID, rows: rows)
        case (.worker(let number), .ended) where self.kills == number:
            return [.worker(number + 1)]
        case (.app, .line(let line)):
            try self.handle(JSONLine.decode(AppLine.self, from: line))
        case (_, .ended(let how, let lastWords)):
            throw DemoError("\(role.name) ended before the demo did: \(how)", lastWords: lastWords)
        case (.broker, .started), (.app, .started):
            break
        }
        return []
    }

    /// A worker is in the middle of the job: the first one dies of it.
    private mutating func handleHalfway(of jobID: String, rows: Int) {
        guard let killer = self.worker.killer else { return }
        if self.halfway == nil {
            self.halfway = (jobID, rows)
            self.kills += 1
            killer.kill()
            self.screen.note("worker \(killer.processID) has inserted \(rows) rows: killed; another one starts")
        } else {
            self.screen.note("worker \(killer.processID) was given the job after it, and begins anew: \(rows) rows again")
        }
    }

    private mutating func handle(_ line: AppLine) throws {
        switch line {
        case .began(let step, let total): self.screen.began(step, total: total)
        case .advanced(_, let done): self.screen.advanced(to: done)
        case .measured(let measurement):
            self.measurements.append(measurement)
            self.screen.ended(measurement)
        case .refused(let jobs):
            self.badJobs = jobs
            self.screen.ended(jobs)
        case .gaveUp(let reason): throw DemoError("the app gave up: \(reason)")
        }
    }

    private func process(_ role: Role) throws -> DemoProcess {
        let broker = self.broker ?? ""
        switch role {
        case .broker:
            let arguments = ["broker", "--region", self.regions.primary, "--bind", "tcp://127.0.0.1:*", "--until-input-ends"]
            return DemoProcess(program: self.programs.wherry, arguments: arguments)
        case .worker:
            let environment = [
                "WHERRY_REGION": self.regions.primary, "WHERRY_BROKERS": broker, "DATABASE_URL": self.regions.primaryDatabase.url,
            ]
            return DemoProcess(program: self.programs.worker, arguments: [], environment: environment)
        case .app:
            let environment = [
                "WHERRY_REGION": self.regions.replica, "WHERRY_PRIMARY_REGION": self.regions.primary,
                "WHERRY_BROKERS": try self.regions.farBroker, "DATABASE_URL": self.regions.replicaDatabase.url,
            ]
            let arguments = ["--primary-database", self.regions.farPrimaryDatabase.url, "--airports", self.airports.path]
            return DemoProcess(program: self.programs.app, arguments: arguments, environment: environment)
        }
    }
}
