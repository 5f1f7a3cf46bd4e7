package import WherryPostgres
package import WherryWire

/// One registered handler with its job's type erased: bytes in, bytes out.
package struct Handler: Sendable {
    package let offer: Offer
    package let options: HandlerOptions
    /// For a region job: whether it may run more than once.
    package let isIdempotent: Bool

    /// A job that has been decoded and can be run, as often as it takes.
    package typealias Body = @Sendable (Transaction, JobContext) async throws -> [UInt8]

    private let decode: @Sendable (_ arguments: [UInt8]) throws -> Body

    package init<J: JobBase>(
        _: J.Type, offer: Offer = J.offer, isIdempotent: Bool = false, options: HandlerOptions,
        _ body: @escaping @Sendable (J, Transaction, JobContext) async throws -> J.Output
    ) {
        self.offer = offer
        self.isIdempotent = isIdempotent
        self.options = options
        self.decode = { arguments in
            let job = try JobCodec.decode(J.self, from: arguments)
            return { transaction, context in
                let output = try await body(job, transaction, context)
                do {
                    return try JobCodec.encode(output)
                } catch {
                    throw UnencodableResult(cause: error)
                }
            }
        }
    }

    /// Decodes a job's arguments; throws `DecodingError` if they are not the job's.
    package func prepare(_ arguments: [UInt8]) throws -> Body {
        try self.decode(arguments)
    }
}

/// The handler returned something that cannot be encoded: the job's author's mistake, and a failure of its own code.
package struct UnencodableResult: Error {
    package let cause: any Error
}
