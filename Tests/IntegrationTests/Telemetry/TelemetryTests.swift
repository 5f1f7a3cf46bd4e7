import InMemoryTracing
import Metrics
import MetricsTestKit
import Testing
import Tracing
import Wherry
import WherryCore
import WherryTestKit
import WherryWorker

/// Told in the regions' real processes, heard by back ends in memory.
@Suite("What is told of a job", .timeLimit(.minutes(3)))
struct TelemetryTests {
    @Test func `metrics count and time it in client, notifier, broker, worker and pools`() async throws {
        let metrics = TestMetrics()
        try await withMetricsFactory(metrics) {
            try await Regions.run(handlers: .items, adjust: { $0.waitsForUnknownJobs = false }) { regions in
                for item in 0..<3 { try await regions.client.call(AddItem(item: item)) }
                _ = try await jobError { try await regions.client.call(AddItemThenFail(item: 9)) }
                _ = try await jobError { try await regions.client.call(NobodysJob()) }
                _ = try await regions.itemsHere()

                #expect(try Self.count(metrics, .clientJobs, "lax", "job", "items.add", "outcome", "committed") == 3)
                #expect(try Self.count(metrics, .clientJobs, "lax", "job", "items.fail", "outcome", "failed") == 1)
                #expect(try Self.count(metrics, .clientJobs, "lax", "job", "items.ad", "outcome", "refused") == 1)
                #expect(try Self.times(metrics, .clientDuration, "lax", "job", "items.add") == 3)
                #expect(try Self.times(metrics, .clientLeg, "lax", "leg", "replay-wait") >= 3)
                #expect(try Self.gauge(metrics, .clientPending, "lax") == 0)
                #expect(try Self.gauge(metrics, .clientLinks, "lax") == 1)
                #expect(try Self.count(metrics, .clientResends, "lax") == 0)

                #expect(try Self.count(metrics, .replayPolls, "lax") >= 3)
                #expect(try Self.times(metrics, .replayWait, "lax") >= 3)
                #expect(try Self.gauge(metrics, .replayWaiters, "lax") == 0)
                #expect(try Self.gauge(metrics, .replayLag, "lax") >= 0)

                #expect(try Self.count(metrics, .workerJobs, "syd", "job", "items.add", "outcome", "committed") == 3)
                #expect(try Self.count(metrics, .workerJobs, "syd", "job", "items.fail", "outcome", "failed") == 1)
                for name: MetricName in [.workerLease, .workerHandler, .workerCommit] {
                    #expect(try Self.times(metrics, name, "syd", "job", "items.add") == 3, "\(name)")
                }
                #expect(try Self.count(metrics, .workerRedeliveries, "syd", "job", "items.add") == 0)
                #expect(try Self.count(metrics, .workerEpochChanges, "syd") == 0)
                #expect(try Self.gauge(metrics, .workerRunning, "syd") == 0)

                #expect(try Self.count(metrics, .brokerRefusals, "syd", "code", "unknown-job") == 1)
                #expect(try Self.times(metrics, .brokerQueueTime, "syd") == 4)
                // Heartbeats, once a second, bring gauges up to date.
                try await eventually("the broker's gauges tell of one client and one worker") {
                    try Self.gauge(metrics, .brokerClients, "syd") == 1 && Self.gauge(metrics, .brokerWorkers, "syd") == 1
                        && Self.gauge(metrics, .brokerQueuedJobs, "syd") == 0 && Self.gauge(metrics, .brokerQueuedBytes, "syd") == 0
                        && Self.gauge(metrics, .brokerDispatchedJobs, "syd") == 0
                }

                #expect(try Self.times(metrics, .poolAcquire, "lax", "pool", "read") >= 1)
                #expect(try Self.times(metrics, .poolAcquire, "syd", "pool", "jobs") >= 4)
                #expect(try Self.gauge(metrics, .poolWaiting, "syd", "pool", "jobs") == 0)
                #expect(try Self.gauge(metrics, .poolUsed, "lax", "pool", "read") >= 0)
            }
        }
        let known = Set(MetricName.allCases.map(\.rawValue))
        let made = Set(metrics.counters.map(\.label) + metrics.recorders.map(\.label) + metrics.timers.map(\.label))
        #expect(made == known, "all metrics are made, and no others")
    }

    @Test func `spans of a job are one trace across the processes, and its handler runs inside of it`() async throws {
        let tracer = W3CTracer()
        var handlers = Handlers()
        handlers.handle(AddItem.self) { job, transaction in
            _ = try await withSpan("inside") { _ in
                try await transaction.execute("INSERT INTO items VALUES (\(job.item))")
            }
            return job.item
        }
        try await withTracer(tracer) {
            try await Regions.run(handlers: handlers) { regions in
                try await withSpan("web request") { _ in
                    _ = try await regions.client.call(AddItem(item: 1))
                }
            }
        }
        let request = try #require(tracer.span("web request"))
        let send = try #require(tracer.span("send items.add"))
        let process = try #require(tracer.span("process items.add"))
        let wait = try #require(tracer.span("replay wait items.add"))
        let inside = try #require(tracer.span("inside"))
        #expect([send, process, wait, inside].allSatisfy { $0.traceID == request.traceID })
        #expect(send.parentSpanID == request.spanID)
        #expect(process.parentSpanID == send.spanID, "the context crossed in the envelope")
        #expect(wait.parentSpanID == send.spanID)
        #expect(inside.parentSpanID == process.spanID)
        #expect(send.kind == .producer)
        #expect(process.kind == .consumer)
        #expect(send.attributes.get("wherry.job.id") == process.attributes.get("wherry.job.id"))
        #expect(send.attributes.get("wherry.job.id") != nil)
        #expect(send.attributes.get("wherry.region") == .string("lax"))
        #expect(process.attributes.get("wherry.region") == .string("syd"))
        #expect(process.attributes.get("wherry.outcome") == .string("committed"))
        let known = Set(SpanKey.allCases.map(\.rawValue))
        for span in [send, process, wait] {
            #expect(span.status?.code != .error)
            span.attributes.forEach { key, _ in #expect(known.contains(key)) }
        }
        #expect(tracer.base.activeSpans.isEmpty, "every span ends")
    }

    @Test func `spans of a job that fails say so, on both sides`() async throws {
        let tracer = W3CTracer()
        try await withTracer(tracer) {
            try await Regions.run(handlers: .items) { regions in
                _ = try await jobError { try await regions.client.call(AddItemThenFail(item: 1)) }
            }
        }
        let send = try #require(tracer.span("send items.fail"))
        let process = try #require(tracer.span("process items.fail"))
        #expect(process.status?.code == .error)
        #expect(process.errors.first?.error is JobFailure)
        #expect(send.status?.code == .error)
        #expect((send.errors.first?.error as? JobError)?.code == .handlerFailed)
        #expect(send.attributes.get("wherry.outcome") == .string("failed"))
        #expect(tracer.base.activeSpans.isEmpty)
    }

    @Test func `what is logged has known keys only, and a handler's logger names its job`() async throws {
        let recorder = LogRecorder()
        var handlers = Handlers()
        handlers.handle(AddItem.self) { job, transaction, context in
            context.logger.info("inside")
            return job.item
        }
        try await Regions.run(handlers: handlers, logger: recorder.logger) { regions in
            _ = try await regions.client.call(AddItem(item: 1))
        }
        let inside = try #require(recorder.lines.first { $0.message == "inside" })
        #expect(inside.metadata["job.name"] == "items.add")
        #expect(inside.metadata["job.id"] != nil)
        #expect(inside.metadata["region"] == "syd")
        let listens = try #require(recorder.lines.first { $0.message == "broker listens" })
        #expect(listens.level == .info)
        #expect(listens.metadata["zmq.endpoints"] != nil)
        #expect(recorder.lines.contains { $0.message == "serves the primary" && $0.metadata["pg.epoch"] != nil })
        #expect(recorder.lines.allSatisfy { $0.level < .warning }, "nothing went wrong: \(recorder.lines.filter { $0.level >= .warning })")
    }

    // MARK: Looking things up

    private static func dimensions(_ region: String, _ more: [String]) -> [(String, String)] {
        [("region", region)] + stride(from: 0, to: more.count, by: 2).map { (more[$0], more[$0 + 1]) }
    }

    private static func count(_ metrics: TestMetrics, _ name: MetricName, _ region: String, _ more: String...) throws -> Int64 {
        try metrics.expectCounter(name.rawValue, self.dimensions(region, more)).totalValue
    }

    private static func times(_ metrics: TestMetrics, _ name: MetricName, _ region: String, _ more: String...) throws -> Int {
        try metrics.expectTimer(name.rawValue, self.dimensions(region, more)).values.count
    }

    private static func gauge(_ metrics: TestMetrics, _ name: MetricName, _ region: String, _ more: String...) throws -> Double {
        try metrics.expectRecorder(name.rawValue, self.dimensions(region, more)).lastValue ?? -1
    }
}
