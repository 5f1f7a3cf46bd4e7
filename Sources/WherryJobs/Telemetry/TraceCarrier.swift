import Tracing

/// The trace context of an envelope, for tracers to write and read: W3C `traceparent` and `tracestate` with those that follow that.
package struct TraceCarrier: Injector, Extractor {
    package init() {}

    package func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) {
        carrier[key] = value
    }

    package func extract(key: String, from carrier: [String: String]) -> String? {
        carrier[key]
    }
}
