import ChaosLog

/// All that one process wrote about one of its calls.
struct CallRecord {
    let process: String
    let number: Int
    let work: ChaosWork
    let submittedAt: Double
    let deadlineMilliseconds: Int
    var job: String?
    var wasToldCommitted = false
    /// The output, and when it came.
    var acknowledgement: (output: String, at: Double)?
    /// The error, and when it came.
    var ending: (code: String, message: String, at: Double)?

    init(process: String, number: Int, work: ChaosWork, submittedAt: Double, deadlineMilliseconds: Int) {
        self.process = process
        self.number = number
        self.work = work
        self.submittedAt = submittedAt
        self.deadlineMilliseconds = deadlineMilliseconds
    }

    var hasEnded: Bool { self.acknowledgement != nil || self.ending != nil }

    /// Its caller knows that it committed, whatever else came later.
    var isAcknowledged: Bool {
        self.wasToldCommitted || self.acknowledgement != nil || self.ending.map { Endings.committed.contains($0.code) } ?? false
    }

    var title: String { "call \(self.number)" }
}
