package import WherryCore
import WherryWire

/// Readers who want to know how far the primary is (`.global`): one question for all who waited when it was sent, asked again when it is not
/// answered.
extension ClientMachine {
    /// Names somebody who waits for the primary's position: in the order in which they came.
    package struct Reader: Hashable, Comparable, Sendable {
        package var rawValue: UInt64

        package init(rawValue: UInt64) {
            self.rawValue = rawValue
        }

        package static func < (left: Reader, right: Reader) -> Bool {
            left.rawValue < right.rawValue
        }
    }

    package enum PositionEvent: Sendable {
        /// Somebody wants to know. Readers come in ascending order.
        case ask(Reader, until: MonotonicInstant)
        /// They no longer do.
        case drop(Reader)
    }

    /// The end of a reader's wait. Exactly once, unless it was dropped.
    package enum PositionAnswer: Hashable, Sendable {
        /// Flushed on the primary after the reader asked.
        case position(CausalToken)
        /// Nobody told in time.
        case unknown(reason: String)
        /// The client is shut down, or has too many readers.
        case closed
    }

    /// The readers, and the questions that are out.
    struct PositionQuestions: Sendable {
        struct Question: Sendable {
            var number: UInt64
            var link: LinkID
            var sentAt: MonotonicInstant
            /// The last reader that waited when it was sent: its answer serves nobody who came later.
            var last: Reader
        }

        var readers = IndexedHeap<Reader, MonotonicInstant>()
        var newest = Reader(rawValue: 0)
        var lastNumber: UInt64 = 0
        /// Unanswered, oldest first. A late answer to an old one still serves those that it was for.
        var out: [Question] = []
        static let maximumOut = 8
    }

    mutating func handle(_ event: PositionEvent) {
        switch event {
        case .ask(let reader, let until):
            if case .closed = self.life {
                self.output.append(.positionAnswered(reader, .closed))
                return
            }
            self.positions.readers.set(reader, to: until)
            self.positions.newest = max(self.positions.newest, reader)
        case .drop(let reader): self.positions.readers.remove(reader)
        }
    }

    /// Ends waits whose time is over.
    mutating func expirePositions(now: MonotonicInstant) {
        while let reader = self.positions.readers.popMin(upTo: now) {
            self.output.append(.positionAnswered(reader, .unknown(reason: self.whyNotSent(.primary))))
        }
    }

    /// Asks if there is reason to.
    mutating func tendPositions(now: MonotonicInstant) {
        if self.positions.readers.isEmpty {
            self.positions.out = []
            return
        }
        if let last = self.positions.out.last {
            let isOverdue = last.sentAt + self.configuration.acknowledgementTimeout <= now || !self.links[last.link.index].isReady
            guard isOverdue else { return }
        }
        guard let link = self.pickLinkForPosition() else { return }
        self.positions.lastNumber += 1
        let question = PositionQuestions.Question(
            number: self.positions.lastNumber, link: link, sentAt: now, last: self.positions.newest)
        if self.positions.out.count == PositionQuestions.maximumOut { self.positions.out.removeFirst() }
        self.positions.out.append(question)
        self.send(.positionRequest(PositionRequest(number: question.number)), via: link, now: now)
    }

    /// Another broker than last time, if there is one.
    private func pickLinkForPosition() -> LinkID? {
        let ready = self.links.indices.filter {
            self.links[$0].isReady && !self.links[$0].isRetiring && self.serves(self.links[$0], .primary)
        }
        let last = self.positions.out.last?.link.index
        return (ready.first { $0 != last } ?? ready.first).map { LinkID(index: $0) }
    }

    mutating func answered(_ position: Position, now: MonotonicInstant) {
        self.learn(position.token.epoch, now: now)
        // A primary of an older history, or a foreign one, proves nothing: the question stays, and is asked again in time.
        guard self.isCurrent(position.token.epoch),
            let question = self.positions.out.first(where: { $0.number == position.number })
        else { return }
        self.positions.out.removeAll { $0.last <= question.last }
        for reader in self.positions.readers.ids.filter({ $0 <= question.last }).sorted() {
            self.positions.readers.remove(reader)
            self.output.append(.positionAnswered(reader, .position(position.token)))
        }
    }

    /// When readers want attention.
    var nextPositionTime: MonotonicInstant? {
        guard let deadline = self.positions.readers.min?.key else { return nil }
        guard let last = self.positions.out.last,
            self.links.contains(where: { $0.isReady && !$0.isRetiring && self.serves($0, .primary) })
        else { return deadline }
        return min(deadline, last.sentAt + self.configuration.acknowledgementTimeout)
    }

    /// Nobody will answer any more.
    mutating func closePositions() {
        for reader in self.positions.readers.ids.sorted() { self.output.append(.positionAnswered(reader, .closed)) }
        self.positions = PositionQuestions()
    }
}
