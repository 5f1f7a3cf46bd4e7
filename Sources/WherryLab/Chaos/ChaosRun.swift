import ChaosChecker
import ChaosJobs
import ChaosLog
import Foundation
import WherryCluster

/// One run: everybody starts, the schedule happens, everybody ends, the checker judges.
struct ChaosRun: Sendable {
    let seed: UInt64
    let seconds: Int
    let schedule: ChaosSchedule
    /// Where logs go.
    let folder: String
    private let cast = ChaosCast()

    init(seed: UInt64, seconds: Int, folder: String) {
        self.seed = seed
        self.seconds = seconds
        self.folder = folder
        self.schedule = ChaosSchedule(seed: seed, seconds: seconds, cast: self.cast)
    }

    /// - Parameter note: is told what happens, for people.
    /// - Throws: ``ChaosError`` and what the servers say, if the run cannot go on; `CancellationError`. Everything has been stopped then.
    func run(_ note: @escaping @Sendable (String) -> Void) async throws -> ChaosReport {
        note("starting a primary, two replicas, and \(self.cast.brokers.count + self.cast.nodes.count) processes")
        let stage = try await ChaosStage.start(self.cast, seed: self.seed, folder: self.folder)
        do {
            let done = try await self.perform(on: stage, note)
            note("no more faults: waiting for the calls that are under way")
            await stage.conclude()
            let verdict = try await self.judge(stage)
            let report = ChaosReport(
                seed: self.seed, seconds: self.seconds, schedule: self.schedule, faults: done, promotions: await stage.promotions,
                complaints: await stage.complaints, verdict: verdict, folder: self.folder)
            if !report.isClean { await stage.keepServerLogs() }
            await stage.strike()
            return report
        } catch {
            await stage.keepServerLogs()
            await stage.strike()
            throw error
        }
    }

    /// Lets the schedule happen; gives back the faults that did.
    private func perform(on stage: ChaosStage, _ note: @escaping @Sendable (String) -> Void) async throws -> [ChaosFault] {
        let clock = ContinuousClock()
        let start = clock.now
        let lastStart = start + .seconds(Double(self.seconds) - ChaosSchedule.quietTail(of: self.seconds))
        let done = try await withThrowingTaskGroup(of: [ChaosFault].self) { group in
            for faults in self.schedule.lanes.values {
                group.addTask {
                    var done: [ChaosFault] = []
                    for fault in faults {
                        try await clock.sleep(until: start + .seconds(fault.at))
                        // A lane that is behind on a slow machine leaves out what would disturb the quiet end.
                        guard clock.now < lastStart else { continue }
                        let begin = clock.now - start
                        try await stage.strike(fault)
                        note("\(Self.seconds(begin)) to \(Self.seconds(clock.now - start)) s  \(fault.kind.rawValue)  \(fault.lane)")
                        done.append(fault)
                    }
                    return done
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        try await clock.sleep(until: start + .seconds(self.seconds))
        return done.sorted { $0.at < $1.at }
    }

    private static func seconds(_ time: Duration) -> String {
        String(format: "%7.2f", time / .seconds(1))
    }

    private func judge(_ stage: ChaosStage) async throws -> Verdict {
        let primary = await stage.primary
        let contents = try await DatabaseContents.read { query in try await primary.psql(query, database: ChaosStage.database) }
        let logs = try await stage.appRuns.map { run in
            ProcessLog(
                name: run.name, wasKilled: run.wasKilled,
                lines: try ChaosLine.decode(Data(contentsOf: URL(filePath: "\(self.folder)/\(run.name).jsonl"))))
        }
        return Checker.check(
            Evidence(logs: logs, contents: contents, forked: await stage.forked, initialBalance: ChaosSchema.balance))
    }
}

extension ChaosStage {
    func strike(_ fault: ChaosFault) async throws {
        if fault.kind.isOfServers {
            try await self.strikeServer(fault)
        } else if ChaosFault.Kind.ofLinks.contains(fault.kind) {
            try await self.strikeLink(fault)
        } else {
            try await self.strikeProcess(fault)
        }
    }
}
