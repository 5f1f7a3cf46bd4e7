/// A fork of a PostgreSQL cluster's history: what an LSN belongs to.
///
/// An LSN alone means nothing after a failover (correctness.md, rule 4). Each promotion starts a new epoch with a higher timeline; a restored
/// backup starts one with a higher restore counter. Two histories of one timeline with different random numbers are a fork: neither is newer,
/// and nothing of one is ever merged with, or waited for on, the other.
public struct Epoch: Hashable, Sendable, Codable {
    /// The cluster's system identifier, set by `initdb` and shared by all its copies.
    public var systemIdentifier: UInt64
    /// PostgreSQL's timeline; every promotion raises it.
    public var timeline: UInt32
    /// Raised when a worker finds that its primary came back from an older backup.
    public var restoreCounter: UInt32
    /// Drawn by the worker that first met this history: tells apart two standbys promoted from one primary.
    public var random: UInt64

    /// Makes an epoch; normally it is read from `wherry.epochs`.
    public init(systemIdentifier: UInt64, timeline: UInt32, restoreCounter: UInt32, random: UInt64) {
        self.systemIdentifier = systemIdentifier
        self.timeline = timeline
        self.restoreCounter = restoreCounter
        self.random = random
    }

    /// How two epochs relate.
    public enum Relation: Hashable, Sendable {
        /// The same history: LSNs compare.
        case same
        /// The first is an ancestor of the second.
        case older
        /// The first came after the second.
        case newer
        /// Two histories that both call themselves the same timeline: never merged, never waited for.
        case fork
        /// Another database cluster altogether.
        case otherSystem
    }

    /// How this epoch relates to another: `older` means that this one came before.
    public func relation(to other: Epoch) -> Relation {
        if self.systemIdentifier != other.systemIdentifier { return .otherSystem }
        if self.timeline != other.timeline { return self.timeline < other.timeline ? .older : .newer }
        if self.random != other.random { return .fork }
        if self.restoreCounter != other.restoreCounter { return self.restoreCounter < other.restoreCounter ? .older : .newer }
        return .same
    }
}

extension Epoch: CustomStringConvertible {
    /// For logs and errors: `timeline 2 (restore 0, 8f3a…)`.
    public var description: String {
        "timeline \(self.timeline) (restore \(self.restoreCounter), \(String(self.random, radix: 16)))"
    }
}
