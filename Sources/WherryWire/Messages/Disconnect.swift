/// Goodbye, or a complaint.
package struct Disconnect: Hashable, Sendable {
    package enum Reason: String, Hashable, Sendable, CaseIterable {
        /// I am shutting down.
        case leaving
        /// You are not, or no longer, known to me: send HELLO.
        case unknownPeer = "unknown-peer"
        /// Your protocol version is not mine; `message` names those that I speak.
        case unsupportedVersion = "unsupported-version"
        /// What you sent makes no sense; `message` says why.
        case malformed
        /// A role, or a thing said in it, that you may not have.
        case denied
        /// Anything that this version does not know.
        case unrecognized
    }

    package var reason: Reason
    package var message: String

    package init(reason: Reason, message: String = "") {
        self.reason = reason
        self.message = message
    }
}
