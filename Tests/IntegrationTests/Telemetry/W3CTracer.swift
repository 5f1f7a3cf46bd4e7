import InMemoryTracing
import Tracing

/// The in-memory tracer, with ids and a propagation as W3C Trace Context has them: `00-<32 hex digits>-<16 hex digits>-01`.
struct W3CTracer: Tracer {
    let base = InMemoryTracer(
        idGenerator: .init(
            nextTraceID: { W3CTracer.hexadecimal(.random(in: 1 ... .max)) + W3CTracer.hexadecimal(.random(in: 1 ... .max)) },
            nextSpanID: { W3CTracer.hexadecimal(.random(in: 1 ... .max)) }
        )
    )

    private static func hexadecimal(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: SpanKind, at instant: @autoclosure () -> Instant,
        function: String, file fileID: String, line: UInt
    ) -> InMemorySpan {
        self.base.startSpan(
            operationName, context: context(), ofKind: kind, at: instant(), function: function, file: fileID, line: line)
    }

    func forceFlush() {}

    func inject<Carrier, Inject: Injector>(_ context: ServiceContext, into carrier: inout Carrier, using injector: Inject)
    where Carrier == Inject.Carrier {
        guard let span = context.inMemorySpanContext else { return }
        injector.inject("00-\(span.traceID)-\(span.spanID)-01", forKey: "traceparent", into: &carrier)
    }

    func extract<Carrier, Extract: Extractor>(_ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract)
    where Carrier == Extract.Carrier {
        let parts = extractor.extract(key: "traceparent", from: carrier)?.split(separator: "-") ?? []
        guard parts.count == 4, parts[1].count == 32, parts[2].count == 16 else { return }
        context.inMemorySpanContext = InMemorySpanContext(traceID: String(parts[1]), spanID: String(parts[2]), parentSpanID: nil)
    }

    /// The finished span of that name; there must be exactly one.
    func span(_ name: String) -> FinishedInMemorySpan? {
        let spans = self.base.finishedSpans.filter { $0.operationName == name }
        return spans.count == 1 ? spans[0] : nil
    }
}
