internal import WherryCore
internal import WherryWire

/// What is known of the primary, and who is told.
extension BrokerMachine {
    /// What clients were told last of what is offered and of the primary's history.
    struct Announcement: Hashable, Sendable {
        var offers: [Offer] = []
        var epoch: Epoch?
    }

    /// The newest report, its clock advanced by the time since then.
    var primaryNow: PrimaryStatus? {
        self.primary.map {
            let elapsed = max(0, (self.now - self.primaryReportedAt).saturatedNanoseconds / 1_000_000)
            // An id has 48 bits for its time.
            return PrimaryStatus(epoch: $0.epoch, unixMilliseconds: min($0.unixMilliseconds + elapsed, (1 << 48) - 1))
        }
    }

    /// A worker's HEARTBEAT carries the primary too. A client's does not count: only workers see the primary.
    mutating func learnFromWorker(_ status: PrimaryStatus, _ number: Int) {
        guard self.workers[number] != nil else { return }
        let hadServed = self.serves(number)
        self.learn(status, from: number)
        if self.serves(number) != hadServed {
            self.refresh(number)
            self.serve(number)
        }
        self.announce()
    }

    mutating func learn(_ status: PrimaryStatus, from worker: Int) {
        self.workers[worker]?.primary = status
        guard let newest = self.primary?.epoch else { return self.adopt(status) }
        switch status.epoch.relation(to: newest) {
        case .same, .newer: self.adopt(status)
        case .older: self.noteStrange(worker) { .staleWorker($0, reported: status.epoch, newest: newest) }
        case .fork, .otherSystem:
            // Two histories that exclude each other: the first stands as long as any worker sees it.
            let isAlone = !self.workers.contains { $0.key != worker && $0.value.primary?.epoch == newest }
            if isAlone {
                self.adopt(status)
            } else {
                self.noteStrange(worker) { .strangeWorker($0, reported: status.epoch, newest: newest) }
            }
        }
    }

    private mutating func adopt(_ status: PrimaryStatus) {
        let isOther = self.primary?.epoch != status.epoch
        self.primary = status
        self.primaryReportedAt = self.now
        if isOther {
            for worker in self.workers.keys.sorted() {
                self.refresh(worker)
                self.serve(worker)
            }
        }
    }

    private mutating func noteStrange(_ worker: Int, _ make: (PeerID) -> Note) {
        guard let peer = self.peers[worker], !peer.isNoted else { return }
        self.peers[worker]?.isNoted = true
        self.note(make(peer.id))
    }

    /// Whether a worker sees the newest primary: only such ones get jobs and questions.
    func serves(_ worker: Int) -> Bool {
        guard let epoch = self.workers[worker]?.primary?.epoch else { return false }
        return epoch == self.primary?.epoch
    }

    /// Whether a worker gets region jobs: it needs no primary, but it must stand in this broker's region.
    func servesRegion(_ worker: Int) -> Bool {
        self.workers[worker]?.region == self.configuration.region
    }

    /// Tells all clients if there is something new to tell.
    mutating func announce() {
        let news = Announcement(offers: self.pools.offers, epoch: self.primary?.epoch)
        guard news != self.announced else { return }
        self.announced = news
        for client in self.clients.keys.sorted() { self.sendWelcome(to: client, disowned: []) }
    }

    mutating func sendWelcome(to number: Int, disowned: [JobID]) {
        let welcome = Welcome(
            incarnation: self.incarnation,
            region: self.configuration.region,
            disowned: disowned,
            offers: Array(self.pools.offers.prefix(WireLimits().maximumOffers)),
            primary: self.primaryNow,
            heartbeatInterval: self.configuration.heartbeatInterval,
            maximumPayloadSize: self.configuration.limits.payloadBytes
        )
        self.send(.welcome(welcome), to: number)
    }
}
