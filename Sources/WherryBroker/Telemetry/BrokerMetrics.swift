internal import Metrics
internal import WherryCore
internal import WherryWire

/// What a broker tells of itself.
struct BrokerMetrics {
    private let queuedJobs: Gauge
    private let queuedBytes: Gauge
    private let dispatchedJobs: Gauge
    private let workers: Gauge
    private let clients: Gauge
    private let queueTime: Metrics.Timer
    private let refusals: [Refused.Code: Counter]
    private var recordedAt: MonotonicInstant?

    /// Gauges are set this often at most; there is an event at least with every heartbeat.
    private static let interval = Duration.milliseconds(100)

    init(region: String, factory: any MetricsFactory = MetricsSystem.factory) {
        let here = [(MetricDimension.region.rawValue, region)]
        func gauge(_ name: MetricName) -> Gauge { Gauge(label: name.rawValue, dimensions: here, factory: factory) }
        self.queuedJobs = gauge(.brokerQueuedJobs)
        self.queuedBytes = gauge(.brokerQueuedBytes)
        self.dispatchedJobs = gauge(.brokerDispatchedJobs)
        self.workers = gauge(.brokerWorkers)
        self.clients = gauge(.brokerClients)
        self.queueTime = Metrics.Timer(label: MetricName.brokerQueueTime.rawValue, dimensions: here, factory: factory)
        self.refusals = Dictionary(
            uniqueKeysWithValues: Refused.Code.allCases.map { code in
                let dimensions = here + [(MetricDimension.code.rawValue, code.rawValue)]
                return (code, Counter(label: MetricName.brokerRefusals.rawValue, dimensions: dimensions, factory: factory))
            })
    }

    /// Something goes out. A job's time in the queue is known for sure when its reply passes.
    func sent(_ message: Message) {
        switch message {
        case .refused(let refused): self.refusals[refused.code]?.increment()
        case .reply(let reply):
            if let time = reply.timings[.brokerQueue] { self.queueTime.record(duration: time) }
        default: break
        }
    }

    mutating func record(_ load: @autoclosure () -> BrokerMachine.Load, now: MonotonicInstant) {
        if let recordedAt, now - recordedAt < Self.interval { return }
        self.recordedAt = now
        let load = load()
        self.queuedJobs.record(load.queuedJobs)
        self.queuedBytes.record(load.queuedBytes)
        self.dispatchedJobs.record(load.dispatchedJobs)
        self.workers.record(load.workers)
        self.clients.record(load.clients)
    }
}
