/// What the worker tells the demo that started it: one JSON object a line on its standard output.
package enum WorkerLine: Codable, Hashable, Sendable {
    /// A job that takes its time has done half of its work: a good moment to kill the worker.
    case halfway(jobID: String, rows: Int)
}
