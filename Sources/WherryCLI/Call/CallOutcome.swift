import Foundation
import Wherry
import WherryCore
import WherryJobs

/// What became of a called job, for people and for programs.
struct CallOutcome: Sendable {
    enum Ending: Sendable {
        case output(bytes: [UInt8], contentType: String, token: CausalToken)
        case failure(JobError)
    }

    var name: String
    /// `nil` if it never had one.
    var id: JobID?
    var ending: Ending
    var timings: JobTimings
    /// Somebody pressed Ctrl-C.
    var isInterrupted = false

    /// How the tool ends.
    enum Status: Int32, CaseIterable {
        /// It committed, and the replica shows it.
        case done = 0
        /// It did nothing, and the same would fail again.
        case failed = 1
        /// It committed, but the replica did not show it in time, or nobody can read its output.
        case committedUnseen = 3
        /// Nobody can tell yet.
        case undecided = 4
        /// The set-up or the arguments make no sense.
        case usage = 64
        /// Neither a broker nor the database could be reached.
        case unavailable = 69
        /// It did nothing, and may be tried again.
        case tryAgain = 75
        /// Interrupted, and it did nothing.
        case interrupted = 130
    }

    var status: Status {
        guard case .failure(let error) = self.ending else { return .done }
        return switch error.code {
        case .notYetVisible, .undecodableResult: .committedUnseen
        case .undecided, .unavailable, .outcomeNoLongerKnown: .undecided
        case .misconfigured, .unencodableArguments: .usage
        case .neverSent, .replicaUnavailable: .unavailable
        case .cancelled where self.isInterrupted: .interrupted
        case _ where error.isRetryable: .tryAgain
        default: .failed
        }
    }

    // MARK: For people

    /// The output, or the payload of the failure, as it came.
    var payload: String? {
        switch self.ending {
        case .output(let bytes, _, _): bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
        case .failure(let error): error.content.flatMap { $0.bytes.isEmpty ? nil : String(decoding: $0.bytes, as: UTF8.self) }
        }
    }

    /// Each leg in the order of its way, those within another one indented.
    static let legs: [(name: String, leg: any KeyPath<JobTimings, Duration?> & Sendable)] = [
        ("waiting", \.waiting), ("network", \.network), ("broker queue", \.brokerQueue), ("worker", \.worker), ("  lease", \.workerLease),
        ("  begin", \.begin), ("  handler", \.handler), ("  commit", \.commit), ("replay wait", \.replayWait), ("total", \.total),
    ]

    func timingLines(style: Style) -> [String] {
        let legs = Self.legs.compactMap { name, leg in self.timings[keyPath: leg].map { (name, $0.milliseconds) } }
        guard let longest = legs.map(\.1).max(), longest > 0 else { return [] }
        return BarChart(legs.map { .init(label: $0, amount: $1, caption: Figures.time(milliseconds: $1)) }, width: 30).lines(style: style)
    }

    // MARK: For programs

    /// One object: `id`, `name`, `committed`, then `result` and `token`, or `error`; `timings_ms`.
    func json() throws -> String {
        var object: [String: Any] = ["name": self.name, "id": self.id.map { "\($0)" } ?? NSNull()]
        switch self.ending {
        case .output(let bytes, _, let token):
            object["committed"] = true
            object["result"] = Self.value(bytes)
            object["token"] = Self.value(Array(try JSONEncoder().encode(token)))
        case .failure(let error):
            object["committed"] = self.status == .committedUnseen
            var failure: [String: Any] = ["code": error.code.description, "message": error.message, "retryable": error.isRetryable]
            if let content = error.content, !content.bytes.isEmpty {
                failure[content.kind == .output ? "result" : "payload"] = Self.value(content.bytes)
            }
            if let token = error.token { object["token"] = Self.value(Array(try JSONEncoder().encode(token))) }
            object["error"] = failure
        }
        var timings: [String: Double] = [:]
        for (name, leg) in Self.legs {
            if let duration = self.timings[keyPath: leg] {
                timings[name.trimmingCharacters(in: .whitespaces).replacing(" ", with: "_")] = duration.milliseconds
            }
        }
        object["timings_ms"] = timings
        let data = try JSONSerialization.data(
            withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes, .fragmentsAllowed])
        return String(decoding: data, as: UTF8.self)
    }

    /// JSON as what it is, anything else as text.
    private static func value(_ bytes: [UInt8]) -> Any {
        if let value = try? JSONSerialization.jsonObject(with: Data(bytes), options: [.fragmentsAllowed]) { return value }
        return String(decoding: bytes, as: UTF8.self)
    }
}
