/// What became of a job that could not succeed.
package struct BadJobMeasurement: Codable, Hashable, Sendable {
    /// What is wrong with it, in a few words.
    package var flaw: String
    /// The error's code that is right for it.
    package var expectedCode: String
    /// The code of the error that came; `nil` if the job succeeded.
    package var code: String?
    /// The error as a user reads it, behind its code.
    package var message: String
    /// Whether the message names the job's id.
    package var namesJob: Bool
    /// How long the caller waited for it.
    package var milliseconds: Double

    package init(flaw: String, expectedCode: String, code: String?, message: String, namesJob: Bool, milliseconds: Double) {
        self.flaw = flaw
        self.expectedCode = expectedCode
        self.code = code
        self.message = message
        self.namesJob = namesJob
        self.milliseconds = milliseconds
    }
}
