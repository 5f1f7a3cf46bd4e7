package import WherryWire

/// What a worker has to say about one copy of a job, or about a fence, when it is through with it.
package enum JobEnd: Sendable, Hashable {
    /// Its outcome; there is a receipt.
    case reply(Reply)
    /// This copy was not run to an outcome. Its `incarnation` is empty: the broker fills in its own.
    case refused(Refused)
}
