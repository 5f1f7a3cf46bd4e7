import FaultJobs
import Foundation
import Logging
import ServiceLifecycle
import Synchronization
import Wherry
import WherryBroker
import WherryCore
import WherryWorker

/// Starts a broker, a worker and a client in any order and stops them in any other, hundreds of times, and tells what that left behind: a
/// process of its own, so that nobody else's sockets are counted.
///
///     DATABASE_URL=… StartStop ROUNDS SEED
@main
struct StartStop {
    /// What a process holds.
    struct Holdings: Codable {
        var descriptors: Int
        var threads: Int
        var kibibytes: Int

        static func now() throws -> Holdings {
            func count(_ folder: String) throws -> Int { try FileManager.default.contentsOfDirectory(atPath: folder).count }
            let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
            let resident = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
            return Holdings(
                descriptors: try count("/proc/self/fd"), threads: try count("/proc/self/task"),
                kibibytes: resident?.split(separator: " ").dropLast().last.flatMap { Int($0) } ?? 0)
        }
    }

    struct Report: Codable {
        var rounds: Int
        var calls: Int
        var before: Holdings
        var after: Holdings
    }

    /// Rounds that go on at once.
    private static let lanes = 5

    static func main() async throws {
        let rounds = Int(CommandLine.arguments[1]) ?? 500
        let seed = UInt64(CommandLine.arguments[2]) ?? 1
        let database = ProcessInfo.processInfo.environment["DATABASE_URL"] ?? ""
        let folder = NSTemporaryDirectory() + "wherry-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        // Libraries, pools of threads and caches come to be in the first ones.
        _ = try await Self.run(0..<rounds / 10, seed: seed, folder, database)
        let before = try Holdings.now()
        let calls = try await Self.run(rounds / 10..<rounds, seed: seed, folder, database)
        try await Self.settle(before)
        let report = Report(rounds: rounds, calls: calls, before: before, after: try .now())
        print(String(decoding: try JSONEncoder().encode(report), as: UTF8.self))
    }

    /// libzmq's threads close what they close a little later.
    private static func settle(_ before: Holdings) async throws {
        for _ in 0..<50 {
            if try Holdings.now().descriptors <= before.descriptors { return }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// - Returns: how many calls succeeded.
    private static func run(_ rounds: Range<Int>, seed: UInt64, _ folder: String, _ database: String) async throws -> Int {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for lane in 0..<Self.lanes {
                group.addTask {
                    var calls = 0
                    for round in stride(from: rounds.lowerBound + lane, to: rounds.upperBound, by: Self.lanes) {
                        var life = Round(number: round, seed: seed, folder: folder, database: database)
                        calls += try await life.run()
                    }
                    return calls
                }
            }
            return try await group.reduce(0, +)
        }
    }
}

/// One life of all three.
struct Round {
    private let number: Int
    private let database: String
    private let endpoint: String
    private let logger = Logger(label: "start-stop") { _ in SwiftLogNoOpLogHandler() }
    private var random: SplitMix64

    init(number: Int, seed: UInt64, folder: String, database: String) {
        self.number = number
        self.database = database
        // Not inproc: libzmq keeps a socket that is connected to an inproc endpoint which nobody binds until its context ends.
        self.endpoint = "ipc://\(folder)/\(number)"
        self.random = SplitMix64(seed: seed &* 1_000_003 &+ UInt64(number))
    }

    private enum Part: CaseIterable {
        case broker
        case worker
        case client
    }

    /// A service in a group of its own.
    private struct Life {
        var group: ServiceGroup
        var task: Task<Void, any Error>
    }

    /// - Returns: 1 if it came to a call that succeeded, 0 if it was stopped before.
    mutating func run() async throws -> Int {
        var configuration = WherryClient.Configuration(
            region: "lax", primaryRegion: "syd", brokers: [self.endpoint], database: PostgresConfiguration(self.database))
        configuration.drainLimit = .milliseconds(100)
        let client = try WherryClient(configuration, logger: self.logger)
        var lives: [Life] = []
        for part in Part.allCases.shuffled(using: &self.random) {
            lives.append(self.start(part, client))
            if Bool.random(using: &self.random) { try await Task.sleep(for: .milliseconds(Int.random(in: 0...3, using: &self.random))) }
        }
        var calls = 0
        if Int.random(in: 0...3, using: &self.random) > 0 {
            calls = try await client.call(Act(item: self.number), deadline: .seconds(60)) == self.number ? 1 : 0
        }
        for life in lives.shuffled(using: &self.random) {
            if Int.random(in: 0...3, using: &self.random) == 0 {
                life.task.cancel()
            } else {
                await life.group.triggerGracefulShutdown()
            }
            // Sometimes one waits for another's end, sometimes all go at once.
            if Bool.random(using: &self.random) { _ = await life.task.result }
        }
        for life in lives {
            do {
                try await life.task.value
            } catch is CancellationError {}
        }
        return calls
    }

    private func start(_ part: Part, _ client: WherryClient) -> Life {
        let service: any Service =
            switch part {
            case .broker: Broker(configuration: BrokerConfiguration(region: "syd", binds: [self.endpoint]), logger: self.logger)
            case .worker: self.makeWorker()
            case .client: client
            }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)], logger: self.logger))
        return Life(group: group, task: Task { try await group.run() })
    }

    private func makeWorker() -> Worker {
        var handlers = Handlers()
        handlers.handle(Act.self) { job, transaction in
            try await transaction.execute("INSERT INTO items VALUES (\(job.item))")
            return job.item
        }
        let configuration = Worker.Configuration(
            region: "syd", brokers: [self.endpoint], database: PostgresConfiguration(self.database))
        return Worker(handlers: handlers, configuration: configuration, logger: self.logger)
    }
}
