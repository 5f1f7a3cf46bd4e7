package import Metrics
internal import WherryCore

/// What a pool of connections tells of itself.
package struct PoolMetrics: Sendable {
    private let used: Gauge
    private let waiting: Gauge
    private let acquire: Metrics.Timer

    /// - Parameters:
    ///   - pool: what the pool is for, as the dimension `pool`: `read`, `jobs` or `control`.
    ///   - region: of the process.
    package init(pool: String, region: String, factory: any MetricsFactory = MetricsSystem.factory) {
        let dimensions = [(MetricDimension.region.rawValue, region), (MetricDimension.pool.rawValue, pool)]
        self.used = Gauge(label: MetricName.poolUsed.rawValue, dimensions: dimensions, factory: factory)
        self.waiting = Gauge(label: MetricName.poolWaiting.rawValue, dimensions: dimensions, factory: factory)
        self.acquire = Metrics.Timer(label: MetricName.poolAcquire.rawValue, dimensions: dimensions, factory: factory)
    }

    func record(used: Int, waiting: Int) {
        self.used.record(used)
        self.waiting.record(waiting)
    }

    /// Somebody got a connection after so long.
    func acquired(after wait: Duration) {
        self.acquire.record(duration: wait)
    }
}
