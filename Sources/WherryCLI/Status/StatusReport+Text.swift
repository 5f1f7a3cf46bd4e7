extension StatusReport {
    func json() throws -> String { try JSONText.encode(self) }

    /// Tables, one below the other.
    func lines(style: Style) -> [String] {
        [self.brokerLines(style), self.workerLines(style), self.jobLines(style), self.databaseLines(style)]
            .filter { !$0.isEmpty }.joined(separator: [""]).map(\.self)
    }

    private func brokerLines(_ style: Style) -> [String] {
        guard !self.brokers.isEmpty else { return [] }
        var table = Table([
            .init("broker"), .init("region"), .init("up", .right), .init("away", .right), .init("clients", .right),
            .init("workers", .right),
            .init("waiting", .right), .init("running", .right), .init("memory", .right), .init(""),
        ])
        for broker in self.brokers {
            let note = broker.failure ?? (broker.isDraining == true ? "draining" : "")
            table.append([
                broker.endpoint, broker.region ?? "", broker.uptimeSeconds.map(Figures.span) ?? "",
                broker.roundTripMilliseconds.map { Figures.time(milliseconds: $0) } ?? "", Self.text(broker.clients),
                Self.text(broker.workers), Self.text(broker.waiting), Self.text(broker.dispatched),
                broker.heldBytes.map { Figures.bytes(Int64($0)) } ?? "", note,
            ])
        }
        return table.lines(style: style)
    }

    private func workerLines(_ style: Style) -> [String] {
        guard self.brokers.contains(where: { $0.uptimeSeconds != nil }) else { return [] }
        if self.workers.isEmpty { return ["no worker"] }
        var table = Table([
            .init("worker"), .init("region"), .init("brokers", .right), .init("jobs", .right), .init("capacity", .right),
            .init("running", .right), .init("heard", .right), .init("history"), .init(""),
        ])
        for worker in self.workers {
            table.append([
                worker.incarnation, worker.region, "\(worker.brokers)", "\(worker.offers)", "\(worker.capacity)", "\(worker.held)",
                Figures.time(milliseconds: worker.silenceMilliseconds), worker.epoch ?? "none", worker.isServing ? "" : "gets no jobs",
            ])
        }
        return table.lines(style: style)
    }

    private func jobLines(_ style: Style) -> [String] {
        guard !self.jobs.isEmpty else { return [] }
        var table = Table([
            .init("job"), .init("version", .right), .init("workers", .right), .init("waiting", .right), .init("bytes", .right),
            .init("running", .right),
        ])
        for job in self.jobs {
            table.append([
                job.name, "\(job.version)", "\(job.workers)", "\(job.waiting)", Figures.bytes(Int64(job.waitingBytes)), "\(job.dispatched)",
            ])
        }
        return table.lines(style: style)
    }

    private func databaseLines(_ style: Style) -> [String] {
        guard !self.databases.isEmpty else { return [] }
        var table = Table([.init("database"), .init("is"), .init("at"), .init("behind", .right), .init("")])
        for database in self.databases {
            table.append([
                database.name, database.isStandby.map { $0 ? "replica" : "primary" } ?? "", database.position ?? "",
                database.lagBytes.map(Figures.bytes) ?? "", database.failure ?? database.state ?? "",
            ])
        }
        return table.lines(style: style)
    }

    private static func text(_ number: Int?) -> String { number.map { Figures.decimal(Double($0)) } ?? "" }
}
