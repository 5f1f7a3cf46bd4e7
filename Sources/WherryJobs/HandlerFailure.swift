package import WherryPostgres
package import WherryWire

/// A job's own failure, ready for its receipt.
package struct HandlerFailure: Sendable, Hashable {
    package var failure: Failure
    /// An encoded payload of a ``JobFailure``.
    package var payload: [UInt8]
    /// Of the payload; empty without one.
    package var contentType: String

    /// The longest message that a receipt takes, in characters; the rest is cut off. Receipts are read by every resend.
    package static let maximumMessageLength = 2000

    package init(code: JobError.Code, message: String, payload: [UInt8] = [], contentType: String = JobCodec.contentType) {
        self.failure = Failure(code: code.description, message: Self.bounded(message))
        self.payload = payload
        self.contentType = payload.isEmpty ? "" : contentType
    }

    /// What a handler threw.
    ///
    /// - Parameters:
    ///   - maximumPayload: the most bytes that a ``JobFailure``'s payload may have.
    ///   - coding: the job's.
    package init(thrown error: any Error, maximumPayload: Int, coding: any JobCoding = JSONJobCoding()) {
        switch error {
        case let failure as JobFailure:
            do {
                let payload = try coding.encode(failure.payload)
                if payload.count > maximumPayload {
                    let note = "(its payload of \(payload.count) bytes is over the worker's limit of \(maximumPayload), maximumPayloadSize)"
                    self.init(code: .handlerFailed, message: failure.message, note: note)
                } else {
                    self.init(code: .handlerFailed, message: failure.message, payload: payload, contentType: coding.contentType)
                }
            } catch {
                self.init(code: .handlerFailed, message: failure.message, note: "(its payload cannot be encoded: \(error))")
            }
        case let error as UnencodableResult:
            self.init(code: .unencodableResult, message: "the handler's output cannot be encoded: \(error.cause)")
        case let error as PostgresError:
            self.init(code: .handlerFailed, message: Self.describe(error))
        default:
            self.init(code: .handlerFailed, message: "\(error)")
        }
    }

    /// A statement of the handler failed, and the handler returned all the same.
    package init(swallowed error: PostgresError) {
        self.init(code: .handlerFailed, message: "the handler returned although a statement had failed: \(Self.describe(error))")
    }

    /// The statement at fault is a deferred constraint or trigger, or the receipt of a transaction that the handler spoiled.
    package init(atCommit error: PostgresError) {
        self.init(code: .handlerFailed, message: Self.describe(error))
    }

    package func makeReceipt(job: JobIdentity, attempts: Int) -> Receipt {
        Receipt(
            job: job, outcome: .failed, failure: self.failure, contentType: self.contentType,
            payload: self.payload, attempts: attempts)
    }

    /// What the server said, for people who wrote the statement.
    static func describe(_ error: PostgresError) -> String {
        var text = error.message
        if let sqlState = error.sqlState { text += " (SQLSTATE \(sqlState))" }
        if let detail = error.detail { text += ": \(detail)" }
        return text
    }

    /// With a note that is not cut off, however long the message is.
    private init(code: JobError.Code, message: String, note: String) {
        let note = String(note.prefix(Self.maximumMessageLength / 2))
        self.init(code: code, message: "\(message.prefix(Self.maximumMessageLength - note.count - 1)) \(note)")
    }

    /// Cut to length, and without zero bytes, which PostgreSQL cannot store.
    private static func bounded(_ message: String) -> String {
        String(message.prefix(Self.maximumMessageLength)).replacing("\0", with: "")
    }
}
