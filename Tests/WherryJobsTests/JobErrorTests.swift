import Testing
import WherryCore
import WherryJobs
import WherryWire

@Suite("A job's error")
struct JobErrorTests {
    struct SoldOut: Codable, Equatable {
        var left: Int
    }

    private func reply(_ outcome: Outcome, failure: Failure? = nil, payload: [UInt8] = []) -> Reply {
        let token = CausalToken(epoch: .sample, lsn: LSN(rawValue: 1))
        return Reply(
            id: JobIdentity.sample().id, outcome: outcome, token: token, fromReceipt: false, failure: failure,
            contentType: JobCodec.contentType, payload: payload)
    }

    @Test("carries the payload of a failure, the token and the job")
    func payload() throws {
        let failed = self.reply(
            .failed, failure: Failure(code: "handler-failed", message: "only 2 left"), payload: Array(#"{"left":2}"#.utf8))
        let error = try #require(JobError(failed, jobName: "items.buy", region: "syd"))
        #expect(error.code == .handlerFailed)
        #expect(error.message == "only 2 left")
        #expect(try error.payload(as: SoldOut.self) == SoldOut(left: 2))
        #expect(try error.value(as: SoldOut.self) == nil)
        #expect(error.token?.lsn == LSN(rawValue: 1))
        #expect(error.description.contains("items.buy"))
        #expect(throws: DecodingError.self) { try error.payload(as: Int.self) }
    }

    @Test("is none for a committed job")
    func committed() {
        #expect(JobError(self.reply(.committed), jobName: nil, region: nil) == nil)
    }

    @Test("carries the output of a job that committed but is not visible yet")
    func notYetVisible() throws {
        let content = JobError.Content(kind: .output, contentType: JobCodec.contentType, bytes: Array("3".utf8))
        let error = JobError(.notYetVisible, "lax is behind", content: content)
        #expect(try error.value(as: Int.self) == 3)
        #expect(!error.isRetryable)
    }

    @Test("has a code for every outcome and every refusal", arguments: Outcome.allCases)
    func codes(outcome: Outcome) {
        let code = JobError.Code(outcome: outcome, failure: Failure(code: "timed-out", message: ""))
        switch outcome {
        case .committed: #expect(code == nil)
        case .failed: #expect(code == .timedOut)
        default: #expect(code?.description == outcome.rawValue)
        }
        for refusal in Refused.Code.allCases { #expect(!JobError.Code(refusal).description.isEmpty) }
    }

    @Test("may be tried again only where that cannot do the work twice")
    func retryable() {
        #expect([JobError.Code.neverSent, .overloaded, .expired, .lost].allSatisfy { JobError($0, "").isRetryable })
        let unsafe: [JobError.Code] = [.undecided, .notYetVisible, .unavailable, .idConflict, .undecodableResult, .handlerFailed]
        #expect(unsafe.allSatisfy { !JobError($0, "").isRetryable })
    }
}
