package import WherryPostgres
package import WherryWire

/// A job's own failure, ready for its receipt.
package struct HandlerFailure: Sendable, Hashable {
    package var failure: Failure
    /// An encoded payload of a ``JobFailure``.
    package var payload: [UInt8]

    /// The longest message that a receipt takes, in characters; the rest is cut off. Receipts are read by every resend.
    package static let maximumMessageLength = 2000

    package init(code: JobError.Code, message: String, payload: [UInt8] = []) {
        self.failure = Failure(code: code.description, message: Self.bounded(message))
        self.payload = payload
    }

    /// What a handler threw.
    ///
    /// - Parameter maximumPayload: the most bytes that a ``JobFailure``'s payload may have.
    package init(thrown error: any Error, maximumPayload: Int) {
        switch error {
        case let failure as JobFailure:
            do {
                let payload = try JobCodec.encode(failure.payload)
                if payload.count > maximumPayload {
                    let note = "\(failure.message) (its payload of \(payload.count) bytes is over the limit of \(maximumPayload))"
                    self.init(code: .handlerFailed, message: note)
                } else {
                    self.init(code: .handlerFailed, message: failure.message, payload: payload)
                }
            } catch {
                self.init(code: .handlerFailed, message: "\(failure.message) (its payload cannot be encoded: \(error))")
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
            job: job, outcome: .failed, failure: self.failure, contentType: self.payload.isEmpty ? "" : JobCodec.contentType,
            payload: self.payload, attempts: attempts)
    }

    /// What the server said, for people who wrote the statement.
    static func describe(_ error: PostgresError) -> String {
        var text = error.message
        if let sqlState = error.sqlState { text += " (SQLSTATE \(sqlState))" }
        if let detail = error.detail { text += ": \(detail)" }
        return text
    }

    /// Cut to length, and without zero bytes, which PostgreSQL cannot store.
    private static func bounded(_ message: String) -> String {
        String(message.prefix(Self.maximumMessageLength)).replacing("\0", with: "")
    }
}
