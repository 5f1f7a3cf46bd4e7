internal import OrderedCollections
internal import WherryCore
internal import WherryWire

/// Who is there: HELLO, signs of life, goodbye.
extension BrokerMachine {
    /// How many strangers are remembered, so that each is told only once in a while that it is unknown.
    private static let maximumStrangers = 1_000

    // MARK: Arrival

    mutating func greet(_ hello: Hello, from id: PeerID) {
        let incarnation = Peer.Incarnation(isWorker: hello.role.isWorker, bytes: hello.incarnation)
        if let occupant = self.numbersByID[id], self.peers[occupant]?.incarnation != incarnation {
            self.forget(occupant, because: .replaced)
        }
        guard let (number, isNew, hasMoved) = self.admit(incarnation, at: id) else { return }
        self.peers[number]?.region = hello.region
        switch hello.role {
        case .client(let outstanding):
            if isNew {
                self.clients[number] = Client()
                self.note(.clientJoined(id, region: hello.region))
            }
            let disowned = outstanding.filter { !self.attach(number, to: $0) }
            self.sendWelcome(to: number, disowned: disowned)
        case .worker(let offers, let running, let capacity, let primary):
            if isNew { self.note(.workerJoined(id, region: hello.region, offers: offers.count)) }
            self.workers[number, default: Worker(region: hello.region, capacity: 0)].capacity = min(
                capacity, self.configuration.limits.jobsPerWorker)
            self.workers[number]?.isPaused = false
            self.sendWelcome(to: number, disowned: [])
            self.workers[number]?.primary = primary
            self.pools.join(number, offers: Set(offers))
            self.explanations = [:]
            // What was sent over the old connection and did not arrive is lost.
            if hasMoved { self.redeliver(from: number, died: false, except: Set(running)) }
            self.bind(running, to: number)
            if let primary { self.learn(primary, from: number) }
            self.refresh(number)
            self.announce()
            self.serve(number)
        }
    }

    /// Finds or makes the number of a peer.
    private mutating func admit(_ incarnation: Peer.Incarnation, at id: PeerID) -> (number: Int, isNew: Bool, hasMoved: Bool)? {
        self.strangers[id] = nil
        if let number = self.numbersByIncarnation[incarnation], let old = self.peers[number]?.id {
            self.numbersByID[old] = nil
            self.numbersByID[id] = number
            self.peers[number]?.id = id
            self.peers[number]?.lastHeard = self.now
            return (number, false, old != id)
        }
        guard self.peers.count < self.configuration.limits.peers else {
            let message = "this broker has \(self.peers.count) peers, as many as it may: use another one"
            self.actions.append(.send(.disconnect(Disconnect(reason: .denied, message: message)), to: id))
            return nil
        }
        let number = self.nextNumber
        self.nextNumber += 1
        self.peers[number] = Peer(id: id, incarnation: incarnation, lastHeard: self.now, lastSent: self.now)
        self.numbersByID[id] = number
        self.numbersByIncarnation[incarnation] = number
        self.checks.set(number, to: self.now + self.configuration.heartbeatInterval)
        return (number, true, false)
    }

    // MARK: Signs of life

    /// Any traffic counts.
    mutating func hear(_ id: PeerID) -> Int? {
        guard let number = self.numbersByID[id] else { return nil }
        self.peers[number]?.lastHeard = self.now
        return number
    }

    mutating func check(_ number: Int) {
        guard let peer = self.peers[number] else { return }
        let end = peer.lastHeard + self.configuration.liveness
        if end <= self.now {
            self.forget(number, because: .silent)
            return
        }
        if peer.lastSent + self.configuration.heartbeatInterval <= self.now {
            self.send(.heartbeat(Heartbeat(primary: self.primaryNow)), to: number)
        }
        let nextBeat = (self.peers[number]?.lastSent ?? self.now) + self.configuration.heartbeatInterval
        self.checks.set(number, to: min(nextBeat, end))
    }

    // MARK: Departure

    mutating func forget(_ number: Int, because farewell: Farewell) {
        guard let peer = self.peers[number] else { return }
        if self.clients[number] != nil {
            self.note(.clientLost(peer.id, farewell))
            self.detach(number)
            self.clients[number] = nil
        } else {
            let held = self.workers[number]?.held.count ?? 0
            self.note(.workerLost(peer.id, farewell, redelivered: held))
            self.pools.leave(number)
            self.answerers.remove(number)
            self.explanations = [:]
            // A worker that says goodbye was not killed by what it ran: deploys kill innocents (correctness.md, rule 30).
            self.redeliver(from: number, died: farewell != .left)
            self.askAgain(from: number)
            self.workers[number] = nil
            self.announce()
        }
        self.peers[number] = nil
        self.numbersByID[peer.id] = nil
        self.numbersByIncarnation[peer.incarnation] = nil
        self.checks.remove(number)
    }

    // MARK: Complaints

    /// Somebody unknown spoke: it is told, but only once in a while, whatever it sends.
    mutating func turnAway(_ id: PeerID, _ message: Message) {
        if case .disconnect = message { return }
        self.turnAway(id, Disconnect(reason: .unknownPeer, message: "this broker does not know you: say HELLO"))
    }

    mutating func turnAway(_ id: PeerID, _ error: WireError) {
        self.note(.misbehaving(id, error.message), unless: self.strangers[id] != nil)
        self.turnAway(id, error.disconnect)
    }

    private mutating func turnAway(_ id: PeerID, _ disconnect: Disconnect) {
        if let last = self.strangers[id], self.now - last < self.configuration.heartbeatInterval { return }
        if self.strangers[id] == nil, self.strangers.count >= Self.maximumStrangers { self.strangers.removeFirst() }
        self.strangers[id] = self.now
        self.actions.append(.send(.disconnect(disconnect), to: id))
    }

    /// A peer sent something that is no message.
    mutating func complain(_ error: WireError, to number: Int) {
        self.noteOnce(number, error.description)
        let isFresh = error.jobID.map { self.jobs[$0] == nil } ?? false
        if self.clients[number] != nil, let refusal = error.refusal(incarnation: self.incarnation, neverDispatched: isFresh) {
            self.send(.refused(refusal), to: number)
        } else {
            self.send(.disconnect(error.disconnect), to: number)
        }
    }

    /// A peer sent something that its role may not send.
    mutating func deny(_ what: String, to number: Int) {
        self.noteOnce(number, what)
        self.send(.disconnect(Disconnect(reason: .denied, message: what)), to: number)
    }

    mutating func noteOnce(_ number: Int, _ what: String) {
        guard let peer = self.peers[number], !peer.isNoted else { return }
        self.peers[number]?.isNoted = true
        self.note(.misbehaving(peer.id, what))
    }

    private mutating func note(_ note: Note, unless isKnown: Bool) {
        if !isKnown { self.note(note) }
    }

    // MARK: Messages by role

    mutating func handle(_ message: Message, from number: Int) {
        switch message {
        case .heartbeat(let heartbeat): if let primary = heartbeat.primary { self.learnFromWorker(primary, number) }
        case .disconnect(let disconnect): if disconnect.reason == .leaving { self.forget(number, because: .left) }
        default:
            if self.clients[number] != nil { self.handleFromClient(message, number) } else { self.handleFromWorker(message, number) }
        }
    }

    private mutating func handleFromClient(_ message: Message, _ client: Int) {
        switch message {
        case .request(let request): self.take(request, from: client)
        case .cancel(let id): self.cancel(id, from: client)
        case .fence(let fence): self.take(fence, from: client)
        case .positionRequest(let request): self.take(request, from: client)
        case .statusRequest(let request): self.answer(request, to: client)
        default: self.deny("a client may not send this kind of message", to: client)
        }
    }

    private mutating func handleFromWorker(_ message: Message, _ worker: Int) {
        switch message {
        case .credit(let capacity): self.setCapacity(capacity, of: worker)
        case .running(let running): self.note(running, from: worker)
        case .partial(let partial): self.forward(partial, from: worker)
        case .reply(let reply): self.settle(reply, from: worker)
        case .refused(let refused):
            switch refused.subject {
            case .request: self.end(refused, from: worker)
            case .fence: self.answer(refused, from: worker)
            }
        case .outcome(let reply): self.answer(reply, from: worker)
        case .position(let position): self.answer(position, from: worker)
        default: self.deny("a worker may not send this kind of message", to: worker)
        }
    }
}

extension Hello.Role {
    fileprivate var isWorker: Bool {
        switch self {
        case .client: false
        case .worker: true
        }
    }
}
