package import Metrics
import Synchronization
import WherryCore
package import WherryWire

/// What a worker's runs of jobs are counted and timed by. Made once, each job's part when its handler is known.
package final class RunnerMetrics: Sendable {
    /// Those of one job, whatever its version.
    private struct JobMetrics: Sendable {
        let outcomes: [Outcome: Counter]
        let refused: Counter
        let redeliveries: Counter
        let legs: [Leg: Metrics.Timer]
    }

    private let jobs: [String: JobMetrics]
    private let running: Gauge
    private let runningCount = Atomic<Int>(0)
    private let epochChanges: Counter
    private let epoch = Locked<Epoch?>(nil)

    package init(offers: [Offer], region: String, factory: any MetricsFactory = MetricsSystem.factory) {
        let here = [(MetricDimension.region.rawValue, region)]
        self.running = Gauge(label: MetricName.workerRunning.rawValue, dimensions: here, factory: factory)
        self.epochChanges = Counter(label: MetricName.workerEpochChanges.rawValue, dimensions: here, factory: factory)
        let legs: [(Leg, MetricName)] = [(.workerLease, .workerLease), (.handler, .workerHandler), (.commit, .workerCommit)]
        var jobs: [String: JobMetrics] = [:]
        for name in Set(offers.map(\.name)) {
            let dimensions = here + [(MetricDimension.job.rawValue, name)]
            func counter(_ outcome: String) -> Counter {
                let dimensions = dimensions + [(MetricDimension.outcome.rawValue, outcome)]
                return Counter(label: MetricName.workerJobs.rawValue, dimensions: dimensions, factory: factory)
            }
            jobs[name] = JobMetrics(
                outcomes: Dictionary(uniqueKeysWithValues: Outcome.allCases.map { ($0, counter($0.rawValue)) }),
                refused: counter("refused"),
                redeliveries: Counter(label: MetricName.workerRedeliveries.rawValue, dimensions: dimensions, factory: factory),
                legs: Dictionary(
                    uniqueKeysWithValues: legs.map { ($0, Metrics.Timer(label: $1.rawValue, dimensions: dimensions, factory: factory)) }))
        }
        self.jobs = jobs
    }

    /// A copy of a job begins.
    func begin(_ request: Request) {
        self.running.record(self.runningCount.add(1, ordering: .relaxed).newValue)
        if request.redelivered { self.jobs[request.job.name]?.redeliveries.increment() }
    }

    /// A copy of a job has ended.
    func end(_ request: Request, _ end: JobEnd) {
        self.running.record(self.runningCount.subtract(1, ordering: .relaxed).newValue)
        guard let metrics = self.jobs[request.job.name] else { return }
        switch end {
        case .refused: metrics.refused.increment()
        case .reply(let reply):
            metrics.outcomes[reply.outcome]?.increment()
            for (leg, timer) in metrics.legs {
                if let duration = reply.timings[leg] { timer.record(duration: duration) }
            }
        }
    }

    /// The primary is in this epoch.
    func saw(_ epoch: Epoch) {
        let hasChanged = self.epoch.withLock { known in
            defer { known = epoch }
            return known.map { $0 != epoch } ?? false
        }
        if hasChanged { self.epochChanges.increment() }
    }
}
