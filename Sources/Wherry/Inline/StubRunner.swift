import Foundation
import Synchronization
import WherryCore
package import WherryJobs
package import WherryWire

/// Answers jobs by closures, without any server: for unit tests of application code. It keeps a ledger as a database does, so that cancellation
/// and deadlines end jobs as they do there.
package final class StubRunner: InlineRunner {
    /// What answers a job: encoded arguments in, encoded output out.
    package typealias Stub = @Sendable (_ arguments: [UInt8]) async throws -> [UInt8]

    private struct Ledger {
        var receipts: [JobID: (receipt: Receipt, lsn: LSN)] = [:]
        var lsn = LSN(rawValue: 1)
    }

    private let stubs: [Offer: Stub]
    private let epoch = Epoch(systemIdentifier: 1, timeline: 1, restoreCounter: 0, random: .random(in: .min ... .max))
    private let ledger = Locked(Ledger())

    package init(_ stubs: [Offer: Stub]) {
        self.stubs = stubs
    }

    package var offers: [Offer] {
        self.stubs.keys.sorted { ($0.name, $0.version) < ($1.name, $1.version) }
    }

    package func run() async {}

    package func checkPrimary() async -> InlineMachine.PrimaryCheck {
        .primary(PrimaryStatus(epoch: self.epoch, unixMilliseconds: Int64(Date().timeIntervalSince1970 * 1000)))
    }

    package func run(
        _ request: Request, receivedAt: MonotonicInstant, stop: JobStop, onProgress: @escaping @Sendable (Partial) -> Void,
        onRunning: @escaping @Sendable () -> Void
    ) async -> JobEnd {
        let job = request.job
        guard let stub = self.stubs[Offer(name: job.name, version: job.version)] else {
            let message = "no stub answers '\(job.name)' version \(job.version)"
            return .refused(Refused(id: job.id, code: .unknownJob, message: message, incarnation: [], neverDispatched: true))
        }
        onRunning()
        let receipt: Receipt
        do {
            let output = try await stub(request.arguments)
            receipt = Receipt(job: job, outcome: .committed, contentType: JobCodec.contentType, payload: output)
        } catch {
            let failure = HandlerFailure(thrown: error, maximumPayload: WireLimits().maximumPayloadSize)
            receipt = failure.makeReceipt(job: job, attempts: 0)
        }
        return self.store(receipt)
    }

    package func fence(_ fence: Fence, receivedAt: MonotonicInstant) async -> JobEnd {
        self.store(Receipt(fence: fence))
    }

    package func position(in epoch: Epoch) async -> CausalToken? {
        CausalToken(epoch: self.epoch, lsn: self.ledger.withLock { $0.lsn })
    }

    /// The first receipt of an id is its outcome, here as anywhere.
    private func store(_ receipt: Receipt) -> JobEnd {
        let (standing, lsn, stored) = self.ledger.withLock { ledger in
            if let there = ledger.receipts[receipt.id] { return (there.receipt, there.lsn, true) }
            ledger.lsn = LSN(rawValue: ledger.lsn.rawValue + 1)
            ledger.receipts[receipt.id] = (receipt, ledger.lsn)
            return (receipt, ledger.lsn, false)
        }
        return .reply(standing.makeReply(token: CausalToken(epoch: self.epoch, lsn: lsn), stored: stored, timings: [:]))
    }
}
