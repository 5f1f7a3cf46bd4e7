package import Tracing
package import WherryCore
package import WherryWire

extension JobRunner {
    /// Runs one copy of a job to its end, counted and traced. Cancel the task to drain: a handler that still runs then is rolled back.
    ///
    /// - Parameters:
    ///   - receivedAt: when it came in.
    ///   - stop: stops its handler, should its caller give it up.
    ///   - onProgress: called with what its handler reports.
    ///   - onRunning: called when its handler starts, at most a bounded number of times.
    @concurrent
    package func run(
        _ request: Request, receivedAt: MonotonicInstant, stop: JobStop = JobStop(),
        onProgress: @escaping @Sendable (Partial) -> Void = { _ in }, onRunning: @Sendable () -> Void = {}
    ) async -> JobEnd {
        self.metrics.begin(request)
        let end: JobEnd
        if let tracer = self.tracer {
            let span = RunSpan(request, region: self.configuration.region, tracer: tracer)
            end = await RunSpan.$current.withValue(span) {
                await ServiceContext.$current.withValue(span.context) {
                    await self.perform(request, receivedAt: receivedAt, stop: stop, onProgress: onProgress, onRunning: onRunning)
                }
            }
            span.end(end)
        } else {
            end = await self.perform(request, receivedAt: receivedAt, stop: stop, onProgress: onProgress, onRunning: onRunning)
        }
        self.metrics.end(request, end)
        return end
    }
}

extension InstrumentationSystem {
    /// The tracer to use; `nil` without one, so that nothing is spent on spans that nobody sees.
    package static var tracerIfAny: (any Tracer)? {
        let tracer = self.tracer
        return tracer is NoOpTracer ? nil : tracer
    }
}
