import Testing
import Wherry
import WherryCore
import WherryEventLoop
import WherryJobs
import WherryPostgres
import WherryTestKit
import WherryWire

@Suite("The replay notifier through faults", .serialized, .timeLimit(.minutes(3)))
struct ReplayFaultTests {
    @Test(
        "the flush position is reached where the insert position, past a page header, strands until somebody writes (rule 1)", .ownCluster()
    )
    func pageBoundary() async throws {
        try await ReplayBench.own { bench in
            // Records of many sizes, until a commit ends exactly where a page does.
            var random = SplitMix64(seed: 1)
            var flushed = LSN.zero
            var inserted = LSN.zero
            for _ in 0..<50_000 {
                let size = Int32.random(in: 1...2_000, using: &random)
                let outcomes = await bench.primary.perform(
                    Flight([
                        ["SELECT pg_logical_emit_message(true, 'wherry', repeat('x', \(size)))"],
                        ["SELECT pg_current_wal_flush_lsn(), pg_current_wal_insert_lsn()"],
                    ])
                )
                if let error = outcomes[0][0].error { throw error }
                let row = try #require(outcomes[1][0].result?.rows.first)
                (flushed, inserted) = try row.decode(as: (LSN, LSN).self)
                if flushed.rawValue.isMultiple(of: 8192), inserted > flushed { break }
            }
            try #require(inserted > flushed, "no commit ended at the end of a page")
            #expect(try await bench.wait(.position(CausalToken(epoch: bench.epoch, lsn: flushed)), within: .seconds(10)).isReached)
            let stranded = CausalToken(epoch: bench.epoch, lsn: inserted)
            #expect(try await bench.wait(.position(stranded), within: .milliseconds(700)).failure == .timedOut)
            let next = try await bench.write(bench.makeID())
            #expect(next.lsn > inserted)
            #expect(try await bench.wait(.position(stranded)).isReached)
        }
    }

    @Test("a standby that crashes and comes back is asked anew: no position of before counts (rule 10)", .ownCluster())
    func standbyCrash() async throws {
        let cluster = TestCluster.current
        try await ReplayBench.own { bench in
            let before = try await bench.write(bench.makeID())
            #expect(try await bench.wait(.position(before)).isReached)
            try await cluster.replica.crash()
            let id = bench.makeID()
            let token = try await bench.write(id)
            async let proof = bench.wait(.proof(id, token), within: .seconds(60))
            async let old = bench.wait(.position(before), within: .seconds(60))
            try await cluster.replica.start()
            #expect(try await old.isReached)
            #expect(try await proof.foundID == id)
            let count = try await cluster.replica.psql("SELECT count(*) FROM touched WHERE id = '\(id)'")
            #expect(count == "1")
        }
    }

    @Test(
        "paused replay, and a primary that is gone, fail the waiters with the reason after the grace, not before (rule 13)", .ownCluster())
    func stalls() async throws {
        let cluster = TestCluster.current
        try await ReplayBench.own {
            $0.stallGrace = .milliseconds(800)
        } _: { bench in
            try await cluster.replica.pauseReplay()
            let id = bench.makeID()
            let token = try await bench.write(id)
            let start = EventLoop.now
            #expect(try await bench.wait(.proof(id, token)).failure == .paused)
            #expect(EventLoop.now - start >= .milliseconds(800))
            try await cluster.replica.resumeReplay()
            #expect(try await bench.wait(.proof(id, token)).foundID == id)

            try await cluster.primary.stop(.fast)
            var far = token
            far.lsn = LSN(rawValue: far.lsn.rawValue + 1 << 30)
            #expect(try await bench.wait(.position(far)).failure == .noReceiver)
            try await cluster.primary.start()
        }
    }

    @Test("a restart of the primary is no outage: waiters go on", .ownCluster())
    func primaryRestart() async throws {
        let cluster = TestCluster.current
        try await ReplayBench.own { bench in
            var far = try await bench.write(bench.makeID())
            far.lsn = LSN(rawValue: far.lsn.rawValue + 100)
            let token = far
            async let verdict = bench.wait(.position(token), within: .seconds(60))
            try await cluster.primary.restart(.fast)
            // The shutdown's own checkpoint may be what carries the position on; a write does it in any case.
            try await cluster.primary.psql("CREATE TABLE later (); SELECT pg_switch_wal()")
            #expect(try await verdict.isReached)
        }
    }

    @Test(
        "a promotion calls nothing ready: what survived is proved by its receipt, what was lost is superseded by the new epoch (rules 4, 11, 29)",
        .ownCluster()
    )
    func promotion() async throws {
        let cluster = TestCluster.current
        try await ReplayBench.own { bench in
            let kept = bench.makeID()
            let keptToken = try await bench.write(kept)
            #expect(try await bench.wait(.proof(kept, keptToken)).foundID == kept)
            // The standby receives nothing any more; the next commit is lost in the failover.
            try await cluster.replica.set(["primary_conninfo": ""])
            try await eventually("the WAL receiver is gone") {
                try await cluster.replica.psql("SELECT count(*) FROM pg_stat_wal_receiver") == "0"
            }
            let lost = bench.makeID()
            let lostToken = try await bench.write(lost)
            async let lostPosition = bench.wait(.position(lostToken), within: .seconds(60))
            async let lostProof = bench.wait(.proof(lost, lostToken), within: .seconds(60))
            try await cluster.primary.crash()
            try await cluster.replica.promote()

            // Positions beyond the lost commit's, in a history without an epoch yet: nothing is called ready by them.
            try await cluster.replica.psql("SELECT pg_logical_emit_message(false, 'wherry', repeat('x', 100000))")
            #expect(try await bench.wait(.position(lostToken), within: .milliseconds(500)).failure == .timedOut)

            let writer = try await PostgresConnection.connect(
                PostgresConfiguration(cluster.replica.connection().keywords),
                logger: bench.logger
            )
            let epoch = try await EpochStore.establish(on: writer, knownToken: nil, logger: bench.logger).epoch
            #expect(epoch.timeline == bench.epoch.timeline + 1)
            #expect(try await lostPosition == .superseded(by: epoch))
            #expect(try await lostProof == .superseded(by: epoch))
            #expect(try await bench.wait(.proof(kept, keptToken)).foundID == kept)

            let next = bench.makeID()
            let token = try await bench.write(next, on: writer, epoch: epoch)
            #expect(try await bench.wait(.proof(next, token)).foundID == next)
            await writer.close()
        }
    }

    @Test("a server that cannot be reached is waited for until the deadline, and the error says why", .ownCluster())
    func unreachable() async throws {
        let cluster = TestCluster.current
        try await ReplayBench.own { bench in
            let token = try await bench.write(bench.makeID())
            try await cluster.replica.stop(.fast)
            let verdict = try await bench.wait(.position(token), within: .seconds(1))
            guard case .failed(let error) = verdict else {
                Issue.record("it cannot have been reached: \(verdict)")
                return
            }
            #expect(error.code == .timedOut)
            #expect(error.message.contains("no connection"))
        }
    }
}
