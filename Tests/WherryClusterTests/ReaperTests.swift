import Foundation
import Subprocess
import SystemPackage
import Testing

@testable import WherryCluster

/// Real processes that hold a cluster, really killed.
@Suite("A process that ends leaves nothing behind", .timeLimit(.minutes(3)), .serialized)
struct ReaperTests {
    /// How a process ends.
    enum End: CaseIterable {
        case kill, terminate, interruptGroup, killGroup
    }

    @Test("however it ends", arguments: End.allCases)
    func temporary(end: End) async throws {
        let remains = try await self.hold(end: end)
        #expect(remains.folders.count == 2)
        for folder in remains.folders { try await self.untilGone(folder) }
        for folder in remains.socketFolders { try await self.untilGone(folder) }
        try await until("nobody listens any more") { remains.ports.allSatisfy(FreePort.isFree) }
        try await until("no shared memory is left") { try Self.sharedMemory(of: remains.postmasters).isEmpty }
    }

    @Test("also if the process belongs to an ordinary user", .enabled(if: geteuid() == 0, "needs root, to become somebody else"))
    func ordinaryUser() async throws {
        let nobody = try #require(ServerAccount(named: "nobody"))
        // A copy, since nobody may not get into the folder where it was built.
        let copy = FileManager.default.temporaryDirectory.path + "/ClusterHolder-\(UInt32.random(in: .min ... .max))"
        try FileManager.default.copyItem(atPath: Self.holder, toPath: copy)
        defer { try? FileManager.default.removeItem(atPath: copy) }
        let remains = try await self.hold(end: .kill, command: nobody.prefix + [copy])
        #expect(remains.folders.count == 2)
        for folder in remains.socketFolders { try await self.untilGone(folder) }
        try await until("nobody listens any more") { remains.ports.allSatisfy(FreePort.isFree) }
    }

    @Test("and shuts the servers of a kept cluster down in good order")
    func kept() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/wherry-held-\(UInt32.random(in: .min ... .max))"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let remains = try await self.hold(end: .kill, command: [Self.holder, folder])
        for server in remains.folders {
            try await until("\(server) is shut down") {
                PostgresServer.tail(of: "\(server)/log", from: 0, lines: 5).contains("database system is shut down")
            }
            #expect(!FileManager.default.fileExists(atPath: "\(server)/data/postmaster.pid"))
        }
    }

    // MARK: The process that is killed

    private struct Remains {
        var folders: [String] = []
        var socketFolders: Set<String> = []
        var ports: [Int] = []
        var postmasters: [String] = []
    }

    /// Beside the tests' own executable.
    private static let holder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path + "/ClusterHolder"

    /// Starts a process that holds a cluster, and ends it when the cluster is up.
    private func hold(end: End, command: [String] = [holder]) async throws -> Remains {
        var options = PlatformOptions()
        options.processGroupID = 0
        let configuration = Subprocess.Configuration(
            executable: .path(FilePath(command[0])), arguments: Arguments(Array(command.dropFirst())), workingDirectory: "/",
            platformOptions: options)
        let result = try await Subprocess.run(configuration, input: .none, output: .sequence, error: .currentStandardError) { execution in
            var remains = Remains()
            for try await line in execution.standardOutput.strings() {
                let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
                if words.count == 4, let port = Int(words[1]) {
                    remains.ports.append(port)
                    remains.folders.append(words[2])
                    remains.socketFolders.insert(words[3])
                    let lock = try String(contentsOfFile: "\(words[2])/data/postmaster.pid", encoding: .utf8)
                    remains.postmasters.append(String(lock.prefix { $0.isNumber }))
                } else if words == ["holding"] {
                    switch end {
                    case .kill: try execution.send(signal: .kill)
                    case .terminate: try execution.send(signal: .terminate)
                    case .interruptGroup: try execution.send(signal: .interrupt, toProcessGroup: true)
                    case .killGroup: try execution.send(signal: .kill, toProcessGroup: true)
                    }
                }
            }
            return remains
        }
        #expect(!result.terminationStatus.isSuccess)
        return result.closureResult
    }

    /// The System V segments that these processes made, as Linux lists them.
    private static func sharedMemory(of processes: [String]) throws -> [Substring] {
        guard let list = try? String(contentsOfFile: "/proc/sysvipc/shm", encoding: .utf8) else { return [] }
        return list.split(separator: "\n").filter { line in
            let columns = line.split(separator: " ")
            return columns.count > 4 && processes.contains(String(columns[4]))
        }
    }

    private func untilGone(_ path: String) async throws {
        try await until("\(path) is gone") { !FileManager.default.fileExists(atPath: path) }
    }
}
