import Testing
import Wherry
import WherryTestKit

@Suite("Sessions and their tokens", .timeLimit(.minutes(3)))
struct SessionTests {
    @Test func `a session's reads see its writes, whether it waited for them or not`() async throws {
        try await Regions.run(handlers: .items) { regions in
            let session = regions.client.session()
            #expect(session.token == nil)
            for item in 0..<50 {
                if item.isMultiple(of: 2) {
                    try await session.call(AddItem(item: item))
                } else {
                    _ = try await session.submit(AddItem(item: item)).committed
                }
                #expect(try await session.read { try await $0.has(item) })
            }
            #expect(session.token != nil)
        }
    }

    @Test func `what a session wrote on one node, and what it only saw there, it sees on every other one`() async throws {
        try await Regions.run(handlers: .items) { regions in
            var configuration = regions.configuration
            configuration.region = "syd"
            configuration.database = PostgresConfiguration(regions.database.primary.keywords)
            try await WherryClient.withClient(configuration, logger: regions.logger) { primary in
                for item in 0..<50 {
                    let there = primary.session()
                    try await there.call(AddItem(item: item))
                    let text = try #require(there.token).description
                    let here = regions.client.session(token: CausalToken(text))
                    #expect(try await here.read { try await $0.has(item) })

                    // Written by somebody else; this session has only seen it.
                    try await regions.database.psql("INSERT INTO items VALUES (\(1_000 + item))")
                    #expect(try await there.read { try await $0.has(1_000 + item) })
                    let later = regions.client.session(token: there.token)
                    #expect(try await later.read { try await $0.has(1_000 + item) })
                }
            }
        }
    }

    @Test func `several tasks may use one session, and its token never goes back`() async throws {
        try await Regions.run(handlers: .items) { regions in
            let session = regions.client.session()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for lane in 0..<8 {
                    group.addTask {
                        for item in stride(from: lane, to: 200, by: 8) {
                            let before = session.token
                            try await session.call(AddItem(item: item))
                            let after = try #require(session.token)
                            #expect(before.map { $0.merged(with: after) == after } ?? true)
                            #expect(try await session.read { try await $0.has(item) })
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `a failed job counts as well: its receipt can be found`() async throws {
        try await Regions.run(handlers: .items) { regions in
            let session = regions.client.session()
            let error = try await jobError { try await session.call(AddItemThenFail(item: 9)) }
            #expect(session.token == error.token)
            #expect(regions.client.token == nil, "the client's own token holds what was seen here, and nothing else")
        }
    }

    @Test func `the client's token holds what was seen here`() async throws {
        try await Regions.run(handlers: .items) { regions in
            #expect(regions.client.token == nil)
            let handle = try await regions.client.submit(AddItem(item: 1))
            _ = try await handle.value
            #expect(regions.client.token == (try await handle.committed))
        }
    }

    @Test func `forged and foreign tokens are refused at once, and park nobody`() async throws {
        try await Regions.run(handlers: .items) { regions in
            let session = regions.client.session()
            try await session.call(AddItem(item: 1))
            let token = try #require(session.token)
            func changed(_ change: (inout CausalToken) -> Void) -> CausalToken {
                var copy = token
                change(&copy)
                return copy
            }
            let cases: [(CausalToken, JobError.Code)] = [
                (changed { $0.lsn = LSN(rawValue: .max) }, .implausibleToken),
                (changed { $0.lsn = LSN(rawValue: $0.lsn.rawValue + 1 << 30) }, .implausibleToken),
                (changed { $0.epoch.timeline = .max }, .implausibleToken),
                (changed { $0.epoch.restoreCounter += 1 }, .implausibleToken),
                (changed { $0.epoch.random += 1 }, .forkedHistory),
                (changed { $0.epoch.systemIdentifier += 1 }, .forkedHistory),
            ]
            for (forged, code) in cases {
                let start = ContinuousClock.now
                let read = try await jobError { try await regions.client.read(.token(forged)) { _ in } }
                #expect(read.code == code, "\(read)")
                let wait = try await jobError { try await regions.client.waitUntilVisible(forged) }
                #expect(wait.code == code, "\(wait)")
                let visitor = regions.client.session(token: forged)
                #expect(try await jobError { try await visitor.read { _ in } }.code == code)
                #expect(try await visitor.read(.eventual) { try await $0.has(1) }, "who asks for nothing gets it")
                #expect(await regions.client.session(restoring: forged.description).token == nil)
                #expect(start.duration(to: .now) < .seconds(10))
            }
            #expect(await regions.client.session(restoring: token.description).token == token)
            #expect(await regions.client.session(restoring: "1.; DROP TABLE items").token == nil)
            #expect(await regions.client.session(restoring: nil).token == nil)
            #expect(try await session.read { try await $0.has(1) }, "and nobody else is touched")
        }
    }

    @Test func `a token slightly beyond what there is keeps its bearer until the deadline, and nobody else`() async throws {
        try await Regions.run(handlers: .items) { regions in
            try await regions.client.call(AddItem(item: 1))
            var near = try #require(regions.client.token)
            near.lsn = LSN(rawValue: near.lsn.rawValue + 32 << 20)
            let forged = near
            let waiting = Task {
                try await jobError { try await regions.client.read(.token(forged), deadline: .milliseconds(300)) { _ in } }
            }
            #expect(try await regions.client.read { try await $0.has(1) })
            #expect(try await waiting.value.code == .replicaUnavailable)
        }
    }
}
