import ChaosLog

extension CallRecord {
    /// The calls of one process, in their order.
    static func collect(_ log: ProcessLog) -> [CallRecord] {
        var calls: [Int: CallRecord] = [:]
        for line in log.lines {
            switch line.event {
            case .submitting(let number, let work, let deadline):
                calls[number] = CallRecord(
                    process: log.name, number: number, work: work, submittedAt: line.at, deadlineMilliseconds: deadline)
            case .submitted(let number, let job): calls[number]?.job = job.lowercased()
            case .committed(let number): calls[number]?.wasToldCommitted = true
            case .acknowledged(let number, let output): calls[number]?.acknowledgement = (output, line.at)
            case .ended(let number, let code, let message): calls[number]?.ending = (code, message, line.at)
            case .started, .read, .readFailed, .finished: break
            }
        }
        return calls.values.sorted { $0.number < $1.number }
    }
}
