import WherryCore
import WherryWire

/// What raw peers say.
enum BrokerSamples {
    static let epoch = Epoch(systemIdentifier: 1, timeline: 1, restoreCounter: 0, random: 42)
    static let primary = PrimaryStatus(epoch: epoch, unixMilliseconds: 1_790_000_000_000)

    static func request(_ name: String = "echo", size: Int = 10) -> Request {
        var generator = SystemRandomNumberGenerator()
        let id = JobID(unixMilliseconds: self.primary.unixMilliseconds, using: &generator)
        return Request(
            job: JobIdentity(id: id, name: name, version: 1, digest: Array(repeating: 7, count: 32), scope: "default"),
            contentType: "application/json",
            remaining: .seconds(30),
            epoch: self.epoch,
            arguments: Array(repeating: 1, count: size)
        )
    }

    static func reply(to request: Request) -> Reply {
        Reply(
            id: request.job.id,
            outcome: .committed,
            token: CausalToken(epoch: self.epoch, lsn: LSN(rawValue: 100)),
            fromReceipt: false,
            contentType: request.contentType,
            payload: request.arguments
        )
    }
}
