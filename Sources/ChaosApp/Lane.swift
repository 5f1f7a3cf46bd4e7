import ChaosJobs
import ChaosLog
import Foundation
import ServiceLifecycle
import Wherry

/// Makes one call after another, as the seed draws them, until the process is told to stop.
struct Lane {
    let client: WherryClient
    let journal: Journal
    let post: Post
    /// Nobody else's in this run.
    let name: String
    var generator: SplitMix64

    /// Lists are short, so that reading one is cheap; after so many numbers the next one begins.
    private static let listLength = 40
    /// How long a call may take, where nothing else is drawn.
    private static let deadline = Duration.seconds(12)

    private var lists = 0
    private var list = ""
    private var lastNumber = Self.listLength
    /// The last number of the list whose append was acknowledged.
    private var acknowledged = 0
    private lazy var session: Session = self.client.session()

    init(client: WherryClient, journal: Journal, post: Post, name: String, generator: SplitMix64) {
        self.client = client
        self.journal = journal
        self.post = post
        self.name = name
        self.generator = generator
    }

    mutating func run() async {
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            switch Int.random(in: 0..<100, using: &self.generator) {
            case 0..<35: await self.append()
            case 35..<60: await self.transfer()
            case 60..<68: await self.transferInHaste()
            case 68..<76: await self.transferAndCancel()
            case 76..<86: await self.orderTwice()
            case 86..<92: await self.fail()
            default: await self.readForSomebody()
            }
            // Cancelled, it goes on at once, and out.
            try? await Task.sleep(for: .milliseconds(Int.random(in: 5...40, using: &self.generator)))
        }
    }

    // MARK: What it does

    private mutating func append() async {
        if self.lastNumber == Self.listLength {
            self.lists += 1
            self.list = "\(self.name)-\(self.lists)"
            self.lastNumber = 0
            self.acknowledged = 0
            self.session = self.client.session()
        }
        self.lastNumber += 1
        let (number, list, session) = (self.lastNumber, self.list, self.session)
        let call = Call(
            .append(list: list, number: number), deadline: Self.deadline, watchesCommit: Bool.random(using: &self.generator),
            journal: self.journal)
        let position = await call.perform { deadline in try await session.submit(Append(list: list, number: number), deadline: deadline) }
        guard position != nil else { return }
        self.acknowledged = number
        if let token = session.token {
            do {
                try self.post.leave(Post.Letter(list: list, number: number, token: token), from: self.name)
            } catch {
                fatalError("a letter cannot be left: \(error)")
            }
        }
        // With the client's own consistency, or with the session's.
        if Bool.random(using: &self.generator) {
            await self.read(list, upTo: number) { body in try await self.client.read { try await body($0) } }
        } else {
            await self.read(list, upTo: number) { body in try await session.read { try await body($0) } }
        }
    }

    private mutating func transfer() async {
        let job = self.makeTransfer(pause: 0)
        await Call(job, deadline: Self.deadline, watchesCommit: Bool.random(using: &self.generator), journal: self.journal)
            .perform { deadline in try await self.client.submit(job, deadline: deadline) }
    }

    /// Less time than it may take.
    private mutating func transferInHaste() async {
        let job = self.makeTransfer(pause: Int.random(in: 0...60, using: &self.generator))
        let deadline = Duration.milliseconds(Int.random(in: 5...250, using: &self.generator))
        await Call(job, deadline: deadline, watchesCommit: false, journal: self.journal)
            .perform { deadline in try await self.client.submit(job, deadline: deadline) }
    }

    private mutating func transferAndCancel() async {
        let job = self.makeTransfer(pause: Int.random(in: 0...60, using: &self.generator))
        let patience = Duration.milliseconds(Int.random(in: 0...120, using: &self.generator))
        await Call(job, deadline: Self.deadline, watchesCommit: false, cancelsAfter: patience, journal: self.journal)
            .perform { deadline in try await self.client.submit(job, deadline: deadline) }
    }

    /// Twice from here; and others draw the same keys at about the same time.
    private mutating func orderTwice() async {
        let half = Int(ChaosLogFile.now) / 500
        let key = "order-\(half)-\(Int.random(in: 0...2, using: &self.generator))"
        let (client, journal, deadline) = (self.client, self.journal, Self.deadline)
        await withDiscardingTaskGroup { group in
            for _ in 1...2 {
                group.addTask {
                    await Call(.order(key: key), deadline: deadline, watchesCommit: false, journal: journal)
                        .perform { deadline in try await client.submit(Order(key: key), key: key, deadline: deadline) }
                }
            }
        }
    }

    private mutating func fail() async {
        await Call(.failure, deadline: Self.deadline, watchesCommit: false, journal: self.journal)
            .perform { deadline in try await self.client.submit(Failure(), deadline: deadline) }
    }

    /// Reads a list with a token that came from another lane, as a rule in another process beside another server.
    private mutating func readForSomebody() async {
        let letter: Post.Letter?
        do {
            letter = try self.post.take(using: &self.generator)
        } catch {
            fatalError("letters cannot be taken: \(error)")
        }
        guard let letter else { return }
        let session = self.client.session(token: letter.token)
        await self.read(letter.list, upTo: letter.number) { body in try await session.read { try await body($0) } }
    }

    // MARK: Parts

    private mutating func makeTransfer(pause: Int) -> Transfer {
        let source = Int.random(in: 0..<ChaosSchema.accounts, using: &self.generator)
        let target = (source + Int.random(in: 1..<ChaosSchema.accounts, using: &self.generator)) % ChaosSchema.accounts
        return Transfer(
            source: source, target: target, amount: Int.random(in: 1...100, using: &self.generator), pauseMilliseconds: pause)
    }

    private typealias Reading = @Sendable (Transaction) async throws -> [Int]

    private func read(_ list: String, upTo number: Int, by reads: (@escaping Reading) async throws -> [Int]) async {
        do {
            let saw = try await reads { database in
                try await database.query("SELECT number FROM chaos.entries WHERE list = \(list) ORDER BY position", as: Int.self)
            }
            self.journal.write(.read(list: list, upTo: number, saw: saw))
        } catch let error as JobError {
            self.journal.write(.readFailed(list: list, code: "\(error.code)", message: "\(error)"))
        } catch {
            self.journal.write(.readFailed(list: list, code: "\(type(of: error))", message: "\(error)"))
        }
    }
}
