package import WherryWire

/// What every kind of job has in common: arguments, an output, and a name that both ends of the wire know it by.
///
/// Conform to ``Job``, not to this. Which kind a job is, is settled by its type.
public protocol JobBase: Codable, Sendable {
    /// What the job's handler returns to its caller; ``NoOutput`` unless said otherwise.
    associatedtype Output: Codable & Sendable = NoOutput

    /// The job's name on the wire, 1 to 200 UTF-8 bytes, for example `items.create`. With ``version`` it is the job's identity: workers find
    /// the handler by it, receipts store it. Never use a name for another meaning.
    static var name: String { get }

    /// Counts up, from 1 (the default), when the arguments change so that old bytes no longer decode.
    ///
    /// Versions live side by side: a worker may have handlers for several, each of a type of its own with the same ``name``, and different
    /// workers may have different ones; a job goes to one that has its version. So deploy workers that know the new version besides the old
    /// one, then the applications that send it; drop the old handler when nobody sends it any more.
    static var version: Int { get }

    /// How arguments, output and failure payloads are encoded; JSON unless said otherwise.
    static var coding: any JobCoding { get }
}

extension JobBase {
    /// 1: the first version of a job need not be written down.
    public static var version: Int { 1 }

    /// JSON.
    public static var coding: any JobCoding { JSONJobCoding() }

    /// Name and version as workers offer them.
    package static var offer: Offer {
        Offer(name: self.name, version: self.version)
    }
}
