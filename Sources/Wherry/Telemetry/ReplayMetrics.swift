package import Metrics
import WherryCore

/// What the replay notifier tells of itself.
package struct ReplayMetrics {
    private let waiters: Gauge
    private let polls: Counter
    private let wait: Metrics.Timer
    private let lag: Gauge
    private var begun: [ReplayNotifierMachine.WaiterID: MonotonicInstant] = [:]
    /// The newest position of the primary that anybody here knows of.
    private var newest: CausalToken?

    package init(region: String, factory: any MetricsFactory = MetricsSystem.factory) {
        let dimensions = [(MetricDimension.region.rawValue, region)]
        self.waiters = Gauge(label: MetricName.replayWaiters.rawValue, dimensions: dimensions, factory: factory)
        self.polls = Counter(label: MetricName.replayPolls.rawValue, dimensions: dimensions, factory: factory)
        self.wait = Metrics.Timer(label: MetricName.replayWait.rawValue, dimensions: dimensions, factory: factory)
        self.lag = Gauge(label: MetricName.replayLag.rawValue, dimensions: dimensions, factory: factory)
    }

    mutating func began(_ id: ReplayNotifierMachine.WaiterID, _ condition: ReplayCondition, now: MonotonicInstant) {
        self.begun[id] = now
        if let token = condition.token {
            self.newest = self.newest.map { $0.merged(with: token) ?? $0 } ?? token
        }
        self.waiters.record(self.begun.count)
    }

    /// - Parameter isAnswered: not taken back.
    mutating func ended(_ id: ReplayNotifierMachine.WaiterID, isAnswered: Bool, now: MonotonicInstant) {
        guard let start = self.begun.removeValue(forKey: id) else { return }
        if isAnswered { self.wait.record(duration: now - start) }
        self.waiters.record(self.begun.count)
    }

    func polled() {
        self.polls.increment()
    }

    func saw(_ observation: ReplayObservation) {
        guard let newest, observation.epoch == newest.epoch, let position = observation.state.position else { return }
        self.lag.record(position < newest.lsn ? Int64(clamping: newest.lsn.rawValue - position.rawValue) : 0)
    }
}
