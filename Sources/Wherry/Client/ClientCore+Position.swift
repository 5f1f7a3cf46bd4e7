import WherryCore
import WherryEventLoop

/// Readers who wait for the primary's position.
extension ClientCore {
    /// Asks for a position that is flushed on the primary from now on.
    func primaryPosition(until deadline: MonotonicInstant) async throws(CancellationError) -> ClientMachine.PositionAnswer {
        if Task.isCancelled { throw CancellationError() }
        self.lastReader += 1
        let reader = ClientMachine.Reader(rawValue: self.lastReader)
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                self.readers[reader] = continuation
                self.step(.position(.ask(reader, until: deadline)))
            }
        } onCancel: {
            self.loop.execute { self.assumeIsolated { $0.drop(reader) } }
        }
        guard let answer else { throw CancellationError() }
        return answer
    }

    private func drop(_ reader: ClientMachine.Reader) {
        guard let continuation = self.readers.removeValue(forKey: reader) else { return }
        self.step(.position(.drop(reader)))
        continuation.resume(returning: nil)
    }

    func answer(_ reader: ClientMachine.Reader, _ answer: ClientMachine.PositionAnswer) {
        self.readers.removeValue(forKey: reader)?.resume(returning: answer)
    }
}
