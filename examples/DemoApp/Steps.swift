import DemoShared
import Wherry
import WherryPostgres

/// The steps of the demo, as the app sees them.
struct Steps: Sendable {
    let client: WherryClient
    let airports: [Airport]

    /// How many rows the loops insert that wait for each: few, or nobody would watch to the end.
    static let directRows = 20
    static let naiveRows = 40
    /// How many jobs are under way at once where several are.
    static let concurrency = 32
    /// So long is the pause after each row of the job whose worker is killed.
    static let pauseMilliseconds = 4

    /// Step 1 without Wherry: INSERTs at the far primary, one after another.
    func insertDirectly(_ primary: PostgresConnection) async throws {
        let airports = self.airports.prefix(Self.directRows)
        let recorder = try Recorder(.direct, rows: airports.count, total: airports.count)
        for airport in airports {
            let start = ContinuousClock.now
            _ = try await primary.query(
                """
                INSERT INTO airports (step, code, city, country, latitude, longitude)
                VALUES (\(DemoStep.direct.rawValue), \(airport.code), \(airport.city), \(airport.country), \(airport.latitude),
                    \(airport.longitude))
                """)
            try await recorder.waited(ContinuousClock.now - start)
            await recorder.read(sawIt: try self.sees(airport, of: .direct))
        }
        try await recorder.end()
    }

    /// Step 1: one waited job after another.
    func callOneByOne() async throws {
        let airports = self.airports.prefix(Self.naiveRows)
        let recorder = try Recorder(.naive, rows: airports.count, total: airports.count)
        for airport in airports {
            try await self.insert(airport, .naive, recorder) { job in try await self.client.call(job) }
        }
        try await recorder.end()
    }

    /// Step 2: all rows as one job.
    func callOnce() async throws {
        let recorder = try Recorder(.bulk, rows: self.airports.count, total: 1)
        let start = ContinuousClock.now
        _ = try await self.client.call(AddAirports(airports: self.airports, step: .bulk))
        try await recorder.waited(ContinuousClock.now - start)
        await recorder.read(sawIt: try self.rows(of: .bulk) == self.airports.count)
        try await recorder.end()
    }

    /// Step 3: many jobs at once, each waited for until it has committed at the primary.
    func submitWithoutWaitingForReplay() async throws {
        try await self.concurrently(.unwaited) { job in _ = try await self.client.submit(job).committed }
    }

    /// Step 4: the same, each waited for until it is visible here.
    func submitAndWait() async throws {
        try await self.concurrently(.waited) { job in _ = try await self.client.submit(job).value }
    }

    /// Step 5: a job that takes long enough to have a middle, in which the demo kills its worker.
    func importThroughKill() async throws {
        let recorder = try Recorder(.killed, rows: self.airports.count, total: 1)
        let job = ImportAirports(airports: self.airports, step: .killed, pauseMilliseconds: Self.pauseMilliseconds)
        let start = ContinuousClock.now
        _ = try await self.client.call(job)
        try await recorder.waited(ContinuousClock.now - start)
        await recorder.read(sawIt: try self.rows(of: .killed) == self.airports.count)
        try await recorder.end()
    }

    /// Step 6: jobs that cannot succeed.
    func submitBadJobs() async throws {
        let airport = self.airports[0]
        var nowhere = airport
        nowhere.latitude = 133.9
        try JSONLine.print(AppLine.began(step: .bad, total: 3))
        try JSONLine.print(
            AppLine.refused([
                await self.expect("unknown-job", from: AddAirpot(airport: airport), flaw: "a name that no worker knows"),
                await self.expect("undecodable-arguments", from: OutdatedAddAirport(code: "SYD"), flaw: "arguments that do not decode"),
                await self.expect("handler-failed", from: AddAirport(airport: nowhere, step: .bad), flaw: "a handler that throws"),
            ]))
    }

    private func concurrently(_ step: DemoStep, wait: @escaping @Sendable (AddAirport) async throws -> Void) async throws {
        let recorder = try Recorder(step, rows: self.airports.count, total: self.airports.count)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, airport) in self.airports.enumerated() {
                if index >= Self.concurrency { try await group.next() }
                group.addTask { try await self.insert(airport, step, recorder, wait: wait) }
            }
            try await group.waitForAll()
        }
        try await recorder.end()
    }

    /// Writes one row, waits for it, reads it here.
    private func insert(
        _ airport: Airport, _ step: DemoStep, _ recorder: Recorder, wait: @Sendable (AddAirport) async throws -> Void
    ) async throws {
        let start = ContinuousClock.now
        try await wait(AddAirport(airport: airport, step: step))
        let time = ContinuousClock.now - start
        let sawIt = try await self.sees(airport, of: step)
        await recorder.read(sawIt: sawIt)
        try await recorder.waited(time)
    }

    /// Whether the replica beside this app shows a step's row for an airport, here and now.
    private func sees(_ airport: Airport, of step: DemoStep) async throws -> Bool {
        try await self.client.read { database in
            try await database.scalar(
                "SELECT EXISTS (SELECT FROM airports WHERE step = \(step.rawValue) AND code = \(airport.code))", as: Bool.self)
        }
    }

    /// How many rows of a step the replica beside this app shows, here and now.
    private func rows(of step: DemoStep) async throws -> Int {
        try await self.client.read { database in
            try await database.scalar("SELECT count(*) FROM airports WHERE step = \(step.rawValue)", as: Int.self)
        }
    }

    private func expect(_ code: String, from job: some Job, flaw: String) async -> BadJobMeasurement {
        let start = ContinuousClock.now
        var measurement = BadJobMeasurement(
            flaw: flaw, expectedCode: code, code: nil, message: "it succeeded", namesJob: false, milliseconds: 0)
        do {
            _ = try await self.client.call(job)
        } catch {
            // As a log would have it, without the code at its beginning.
            measurement.code = "\(error.code)"
            measurement.message = "\(error)".replacing("\(error.code): ", with: "", maxReplacements: 1)
            measurement.namesJob = error.jobID.map { measurement.message.contains("\($0)") } ?? false
        }
        measurement.milliseconds = (ContinuousClock.now - start) / .milliseconds(1)
        return measurement
    }
}
