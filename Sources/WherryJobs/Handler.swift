package import WherryPostgres
package import WherryWire

/// One registered handler with its job's type erased: bytes in, bytes out.
package struct Handler: Sendable {
    package let offer: Offer
    package let options: HandlerOptions
    /// For a region job: whether it may run more than once.
    package let isIdempotent: Bool
    /// The job's.
    package let coding: any JobCoding

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
        let coding = J.coding
        self.coding = coding
        self.decode = { arguments in
            let job = try coding.decode(J.self, from: arguments)
            return { transaction, context in
                let output = try await body(job, transaction, context)
                do {
                    return try coding.encode(output)
                } catch {
                    throw UnencodableResult(cause: error)
                }
            }
        }
    }

    /// Decodes a job's arguments; throws if they are not the job's, or not in the handler's coding.
    package func prepare(_ arguments: [UInt8], contentType: String) throws -> Body {
        guard contentType == self.coding.contentType else {
            throw UnknownContentType(contentType: contentType, known: self.coding.contentType)
        }
        return try self.decode(arguments)
    }
}

/// The arguments are in another coding than the handler's.
struct UnknownContentType: Error, CustomStringConvertible {
    let contentType: String
    let known: String

    var description: String {
        "their content type is '\(self.contentType)', and this handler takes '\(self.known)'; deploy the same type on both ends"
    }
}

/// The handler returned something that cannot be encoded: the job's author's mistake, and a failure of its own code.
package struct UnencodableResult: Error {
    package let cause: any Error
}
