/// What a caller of the chaos run did and was told. Jobs are known by their ids as PostgreSQL prints them.
package enum ChaosEvent: Codable, Hashable, Sendable {
    /// The process begins.
    case started(app: String)
    /// A call is about to be made; nothing has left the process yet. Calls are numbered from 1 in each process.
    case submitting(call: Int, work: ChaosWork, deadlineMilliseconds: Int)
    /// The call's job has an id.
    case submitted(call: Int, job: String)
    /// Its caller was told that it committed.
    case committed(call: Int)
    /// Its caller was given its output.
    case acknowledged(call: Int, output: String)
    /// Its caller was told an error instead.
    case ended(call: Int, code: String, message: String)
    /// A list was read, by somebody whom it must show every number up to this one whose append was acknowledged.
    case read(list: String, upTo: Int, saw: [Int])
    /// A list could not be read.
    case readFailed(list: String, code: String, message: String)
    /// The process has waited for all its calls, and ends.
    case finished
}
