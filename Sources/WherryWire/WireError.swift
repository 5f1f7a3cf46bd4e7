package import WherryCore

/// What was received is no message, or not one of this version.
package struct WireError: Error, Hashable, Sendable {
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// Not one envelope, or an envelope without the payload that its kind has, or with one that it has not.
        case wrongFrameCount = "wrong-frame-count"
        /// The envelope is larger than its limit.
        case envelopeTooLarge = "envelope-too-large"
        /// The payload is larger than its limit.
        case payloadTooLarge = "payload-too-large"
        /// The envelope is no protocol buffer of the shape in `wherry.proto`.
        case undecodable
        /// The envelope is of another version of the protocol.
        case unsupportedVersion = "unsupported-version"
        /// The envelope carries no kind of message, or one that this version does not know.
        case unknownKind = "unknown-kind"
        /// A field is missing or out of range.
        case invalidField = "invalid-field"
    }

    package var code: Code
    /// For people: which field, what it is and what it may be.
    package var message: String
    /// The job whose REQUEST or FENCE it was, if that much could be read: its sender waits for an answer.
    package var jobID: JobID?
    /// Which of the two it was.
    package var subject: Refused.Subject?

    package init(_ code: Code, _ message: String, jobID: JobID? = nil, subject: Refused.Subject? = nil) {
        self.code = code
        self.message = message
        self.jobID = jobID
        self.subject = subject
    }

    /// What to answer to somebody who sent no job.
    package var disconnect: Disconnect {
        let reason: Disconnect.Reason = self.code == .unsupportedVersion ? .unsupportedVersion : .malformed
        return Disconnect(reason: reason, message: self.message)
    }

    /// What to answer to somebody who sent a job or a fence; `nil` if it was neither.
    package func refusal(incarnation: [UInt8], neverDispatched: Bool) -> Refused? {
        guard let jobID, let subject else { return nil }
        return Refused(
            id: jobID,
            subject: subject,
            code: self.code == .payloadTooLarge ? .tooLarge : .malformed,
            message: self.message,
            incarnation: incarnation,
            neverDispatched: neverDispatched
        )
    }
}

extension WireError: CustomStringConvertible {
    package var description: String {
        "\(self.code.rawValue): \(self.message)"
    }
}
