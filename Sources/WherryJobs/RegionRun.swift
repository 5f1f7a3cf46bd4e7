import WherryCore
import WherryWire

/// One copy of a region job, decoded and ready to run.
struct RegionRun: Sendable {
    let request: Request
    let receivedAt: MonotonicInstant
    /// `nil` if the arguments do not decode.
    let body: Handler.Body?
    /// Why they do not.
    let undecodable: String?
    let context: JobContext
    let handler: Handler
    let reporter: ProgressReporter
    let stop: JobStop

    var deadline: MonotonicInstant { self.receivedAt + self.request.remaining }
    var options: HandlerOptions { self.handler.options }
}
