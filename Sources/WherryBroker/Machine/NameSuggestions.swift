internal import WherryCore
internal import WherryWire

/// What somebody may have meant who asked for a job that nobody offers.
enum NameSuggestions {
    /// The text that a refusal carries.
    static func explanation(of missing: Offer, offers: [Offer]) -> String {
        let start = "no worker here offers \(missing.name) version \(missing.version)"
        let versions = offers.filter { $0.name == missing.name }.map { String($0.version) }
        if !versions.isEmpty { return "\(start), but version \(versions.joined(separator: ", ")): start a worker that has this version" }
        let names = NearestNames.nearest(to: missing.name, in: offers.map(\.name))
        if !names.isEmpty { return "\(start); did you mean \(names.joined(separator: " or "))?" }
        return "\(start), nor anything like it: register a handler for it in a worker of this region"
    }
}
