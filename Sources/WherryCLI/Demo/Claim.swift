/// Something that the demo promises to show, and whether it did.
package struct Claim: Codable, Hashable, Sendable {
    /// Short and stable: for scripts.
    package var name: String
    /// What is claimed, in words.
    package var claim: String
    package var held: Bool
    /// What was measured.
    package var evidence: String

    package init(name: String, claim: String, held: Bool, evidence: String) {
        self.name = name
        self.claim = claim
        self.held = held
        self.evidence = evidence
    }
}
