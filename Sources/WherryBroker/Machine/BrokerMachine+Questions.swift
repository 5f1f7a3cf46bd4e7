internal import WherryCore
internal import WherryWire

/// Fences, and questions for the primary's position: any worker that sees the newest primary answers them, before requests and without credit.
extension BrokerMachine {
    /// A question that was asked again is sent again if it has been out for so long.
    private static let retryInterval = Duration.seconds(1)
    /// A question that nobody answered is forgotten; its asker has long given up or asked again.
    private static let maximumAge = Duration.seconds(60)

    // MARK: Questions

    mutating func take(_ incoming: Fence, from client: Int) {
        var fence = incoming
        fence.job.scope = self.configuration.scope
        let id = fence.job.id
        let question = Question.fence(id)
        if let held = self.questions[question], let sent = held.sentAt, self.now - sent >= Self.retryInterval { self.putBack(question) }
        if !self.ask(question, .fence(fence), by: client, number: 0) {
            let refused = Refused(
                id: id,
                subject: .fence,
                code: .overloaded,
                message: "\(self.questions.count) fences and questions are not answered yet (questions, questionsPerClient)",
                incarnation: self.incarnation,
                neverDispatched: false,
                retryAfter: self.retryAfter()
            )
            self.send(.refused(refused), to: client)
            return
        }
        // Its copy here would only find the fence's receipt.
        if let job = self.jobs[id], job.place == .queue { self.detach(client, from: id) }
        self.serveQuestions()
    }

    mutating func take(_ request: PositionRequest, from client: Int) {
        let number = self.nextQuestion
        // One that is too many gets no answer: the protocol has none, and whoever gets no answer asks again.
        guard self.ask(.position(number), .positionRequest(PositionRequest(number: number)), by: client, number: request.number) else {
            return
        }
        self.serveQuestions()
    }

    private mutating func ask(_ question: Question, _ message: Message, by client: Int, number: UInt64) -> Bool {
        if self.clients[client]?.questions.contains(question) == true {
            // Asked again, perhaps with a newer epoch.
            self.questions[question]?.message = message
            return true
        }
        guard self.clients[client]?.questions.count ?? 0 < self.configuration.limits.questionsPerClient else { return false }
        if self.questions[question] == nil {
            guard self.questions.count < self.configuration.limits.questions else { return false }
            let order = self.nextQuestion
            self.nextQuestion += 1
            self.questions[question] = HeldQuestion(message: message, askers: [], order: order)
            self.waitingQuestions.set(question, to: order)
            self.questionDeadlines.set(question, to: self.now + Self.maximumAge)
        } else {
            self.questions[question]?.message = message
        }
        self.questions[question]?.askers.append((client, number))
        self.clients[client]?.questions.insert(question)
        return true
    }

    // MARK: Matching

    mutating func serveQuestions() {
        while let question = self.waitingQuestions.first?.id, let worker = self.answerers.first?.id { self.send(question, to: worker) }
    }

    /// Asks one worker, as long as it takes questions.
    mutating func ask(_ worker: Int) {
        while let question = self.waitingQuestions.first?.id, self.answerers[worker] != nil { self.send(question, to: worker) }
    }

    private mutating func send(_ question: Question, to worker: Int) {
        self.waitingQuestions.remove(question)
        guard let message = self.questions[question]?.message else { return }
        self.questions[question]?.worker = worker
        self.questions[question]?.sentAt = self.now
        self.workers[worker]?.questions.insert(question)
        self.refresh(worker)
        self.send(message, to: worker)
    }

    /// Takes a question away from its worker and puts it back in line.
    private mutating func putBack(_ question: Question) {
        guard let held = self.questions[question], let worker = held.worker else { return }
        self.workers[worker]?.questions.remove(question)
        self.questions[question]?.worker = nil
        self.waitingQuestions.set(question, to: held.order)
        self.refresh(worker)
    }

    /// A worker is gone: others get its questions.
    mutating func askAgain(from worker: Int) {
        for question in self.inOrder(self.workers[worker]?.questions ?? []) { self.putBack(question) }
        self.answerers.remove(worker)
        self.serveQuestions()
    }

    /// A set has no order of its own, and what is sent must not depend on chance.
    func inOrder(_ questions: Set<Question>) -> [Question] {
        questions.sorted { (self.questions[$0]?.order ?? 0) < (self.questions[$1]?.order ?? 0) }
    }

    // MARK: Answers

    /// OUTCOME: a receipt stands, so nobody has to run the job any more.
    mutating func answer(_ reply: Reply, from worker: Int) {
        let askers = self.finish(.fence(reply.id))
        for asker in askers { self.send(.outcome(reply), to: asker) }
        if let job = self.jobs[reply.id], job.place == .queue {
            for client in job.clients where !askers.contains(client) { self.send(.outcome(reply), to: client) }
            self.remove(reply.id)
        }
        self.ask(worker)
    }

    /// REFUSED: the fence was not put in place.
    mutating func answer(_ refused: Refused, from worker: Int) {
        let question = Question.fence(refused.id)
        guard self.questions[question]?.worker == worker else { return }
        if refused.code == .drained {
            self.workers[worker]?.isPaused = true
            self.putBack(question)
            self.serveQuestions()
            return
        }
        var refused = refused
        refused.incarnation = self.incarnation
        refused.neverDispatched = false
        for asker in self.finish(question) { self.send(.refused(refused), to: asker) }
        self.ask(worker)
    }

    mutating func answer(_ position: Position, from worker: Int) {
        let question = Question.position(position.number)
        guard let asker = self.questions[question]?.askers.first else { return }
        _ = self.finish(question)
        self.send(.position(Position(number: asker.number, token: position.token)), to: asker.client)
        self.ask(worker)
    }

    // MARK: Ends

    /// Forgets a question, and says who asked it.
    private mutating func finish(_ question: Question) -> [Int] {
        guard let held = self.questions.removeValue(forKey: question) else { return [] }
        self.waitingQuestions.remove(question)
        self.questionDeadlines.remove(question)
        for asker in held.askers { self.clients[asker.client]?.questions.remove(question) }
        if let worker = held.worker {
            self.workers[worker]?.questions.remove(question)
            self.refresh(worker)
        }
        return held.askers.map(\.client)
    }

    /// Its time is over.
    mutating func drop(_ question: Question) {
        _ = self.finish(question)
        self.serveQuestions()
    }

    /// Somebody who asked is gone.
    mutating func withdraw(_ question: Question, by client: Int) {
        self.questions[question]?.askers.removeAll { $0.client == client }
        if self.questions[question]?.askers.isEmpty == true { self.drop(question) }
    }
}
