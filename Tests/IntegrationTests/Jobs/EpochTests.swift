import Testing
import WherryCore
import WherryEventLoop
import WherryJobs
import WherryPostgres
import WherryWire

/// Rule 4, and "Tokens and epochs" of design.md.
@Suite("Epochs on a real primary", .timeLimit(.minutes(2)))
struct EpochTests {
    typealias Insert = RealJobTests.Insert

    @Test("are written once, however many workers meet the primary at once")
    func once() async throws {
        try await JobBench.run { bench in
            _ = try await bench.admin.query("DELETE FROM wherry.epochs")
            let runner = try await bench.runner { $0.handle(Insert.self, RealJobTests.insert) }
            let epochs = try await withThrowingTaskGroup(of: Epoch.self) { group in
                for _ in 0..<6 { group.addTask { try await runner.primaryStatus().epoch } }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(epochs.count == 1)
            #expect(try await bench.admin.query("SELECT count(*) FROM wherry.epochs").rows.scalar(as: Int.self) == 1)
        }
    }

    @Test("bind a request and a fence: on another one nothing is run, and the server's is told")
    func bound() async throws {
        try await JobBench.run { bench in
            let runner = try await bench.runner { $0.handle(Insert.self, RealJobTests.insert) }
            var newer = bench.epoch
            newer.timeline += 1
            var fork = bench.epoch
            fork.random ^= 1
            for epoch in [nil, newer, fork] {
                var request = try bench.request(Insert(item: 1))
                request.epoch = epoch
                let refused = try await bench.refusal(runner, request)
                #expect(refused.code == .wrongEpoch)
                #expect(refused.epoch == bench.epoch)
                let fence = Fence(job: request.job, kind: .expired, epoch: epoch)
                guard case .refused(let fenced) = await runner.fence(fence, receivedAt: EventLoop.now) else {
                    Issue.record("a fence for another epoch was stored")
                    return
                }
                #expect(fenced.code == .wrongEpoch)
            }
            #expect(try await bench.items().isEmpty)
            #expect(try await bench.receipts().isEmpty)
        }
    }

    @Test("get a raised restore counter when the primary is behind a token of its own epoch, and the old one is served no more")
    func restored() async throws {
        try await JobBench.run { bench in
            let runner = try await bench.runner { $0.handle(Insert.self, RealJobTests.insert) }
            let reply = try await bench.reply(runner, Insert(item: 1))
            var ahead = reply.token
            ahead.lsn = LSN(rawValue: ahead.lsn.rawValue + 1 << 32)
            let status = try await EpochStore.establish(on: bench.admin, knownToken: ahead, logger: bench.logger)
            var expected = bench.epoch
            expected.restoreCounter = 1
            #expect(status.epoch == expected)
            #expect(status.epoch.relation(to: bench.epoch) == .newer)
            let refused = try await bench.refusal(runner, bench.request(Insert(item: 2)))
            #expect(refused.code == .wrongEpoch)
            #expect(refused.epoch == expected)
            #expect(try await bench.items() == [1])
        }
    }

    @Test("are left by a server that is behind what is known of it, even if its row is the same")
    func behind() async throws {
        try await JobBench.run { bench in
            _ = try await bench.admin.query(JobFlight.Parameters.requireEpoch(bench.epoch, knownPosition: LSN(rawValue: 1)))
            await #expect {
                try await bench.admin.query(JobFlight.Parameters.requireEpoch(bench.epoch, knownPosition: LSN(rawValue: 1 << 60)))
            } throws: {
                ($0 as? PostgresError)?.sqlState == Judgement.Raised.otherEpoch
            }
        }
    }

    @Test("tell a standby that is configured as the primary, and say what to do")
    func standby() async throws {
        try await JobBench.run { bench in
            let runner = try await bench.runnerOnStandby { $0.handle(Insert.self, RealJobTests.insert) }
            await #expect { try await runner.primaryStatus() } throws: {
                ($0 as? PostgresError)?.sqlState == Judgement.Raised.standby
            }
            let refused = try await bench.refusal(runner, bench.request(Insert(item: 1)))
            #expect(refused.code == .unavailable)
            #expect(refused.message.contains("standby"))
        }
    }

    @Test("are read on a standby from its own table")
    func readOnStandby() async throws {
        try await JobBench.run { bench in
            let row = try #require(try await bench.onStandby(EpochStore.newest))
            #expect(try EpochStore.decode(row) == bench.epoch)
        }
    }
}
