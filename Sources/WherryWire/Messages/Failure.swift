/// Why a job failed: for people and programs, without the payload that a handler may have sent along.
package struct Failure: Hashable, Sendable {
    /// `handler-failed`, `undecodable-arguments`, `unknown-job`, `unencodable-result`, …
    package var code: String
    package var message: String

    package init(code: String, message: String) {
        self.code = code
        self.message = message
    }
}
