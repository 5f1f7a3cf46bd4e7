/// An idempotency key as it travels with a job: of all jobs of a scope that carry it, one takes effect.
package struct JobKey: Hashable, Sendable {
    /// The key itself, 1 to 200 UTF-8 bytes.
    package var text: String
    /// SHA-256 of what must be equal in every job that is sent under it: 32 bytes.
    package var fingerprint: [UInt8]

    package init(text: String, fingerprint: [UInt8]) {
        self.text = text
        self.fingerprint = fingerprint
    }
}
