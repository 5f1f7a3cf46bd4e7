import WherryCore

@testable import WherryWire

/// One valid message of every kind and, where it matters, of every shape, with every field set to something that is not its default.
enum MessageSamples {
    static let epoch = Epoch(systemIdentifier: 0x6A8F_0102_0304_0506, timeline: 3, restoreCounter: 2, random: 0xDEAD_BEEF_0BAD_CAFE)
    static let token = CausalToken(epoch: epoch, lsn: LSN(rawValue: 0x16_B374_D848))
    static let primary = PrimaryStatus(epoch: epoch, unixMilliseconds: 1_790_000_000_123)
    static let incarnation: [UInt8] = Array(0x10..<0x20)
    static let ids: [JobID] = {
        var generator = SplitMix64(seed: 7)
        return (0..<3).map { JobID(unixMilliseconds: 1_790_000_000_000 + $0, using: &generator) }
    }()
    static let job = JobIdentity(
        id: ids[0], name: "items.create", version: 2, digest: Array(repeating: 0xA5, count: 32), scope: "tenant-ü"
    )
    static let offers = [Offer(name: "items.create", version: 2), Offer(name: "cache.warm", version: 1, isRegionJob: true)]
    static let request = Request(
        job: job,
        contentType: "application/json",
        remaining: .milliseconds(29_999),
        redelivered: true,
        attempts: 2,
        epoch: epoch,
        traceContext: ["traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "a=1"],
        key: JobKey(text: "order-ü", fingerprint: Array(repeating: 0x5A, count: 32)),
        waitFor: token,
        isRegionJob: true,
        arguments: Array("{\"ids\":[1,2]}".utf8)
    )
    static let reply = Reply(
        id: ids[0],
        outcome: .failed,
        token: token,
        fromReceipt: true,
        failure: Failure(code: "handler-failed", message: "no such item"),
        timings: Dictionary(
            uniqueKeysWithValues: zip(Leg.allCases, 1...).map { ($0, .microseconds($1 * 1_000_017)) }
        ),
        contentType: "application/json",
        payload: Array("{\"missing\":7}".utf8)
    )

    static let status: BrokerStatus = {
        var status = BrokerStatus(
            number: 17, incarnation: incarnation, region: "syd", uptime: .seconds(86_400), isDraining: true, primary: primary, clients: 3,
            workerCount: 2, waiting: 5, waitingBytes: 5_120, dispatched: 2, heldBytes: 9_999, questions: 1)
        status.queues = [BrokerStatus.Queue(job: offers[0], workers: 2, waiting: 5, waitingBytes: 5_120, dispatched: 2)]
        status.workers = [
            BrokerStatus.Worker(
                incarnation: incarnation, region: "syd", capacity: 16, held: 2, offers: 2, primary: primary, silence: .milliseconds(412),
                isServing: true)
        ]
        return status
    }()

    static let all: [Message] = [
        .hello(Hello(role: .client(outstanding: ids), incarnation: incarnation, region: "lax")),
        .hello(
            Hello(
                role: .worker(offers: offers, running: ids, capacity: 16, primary: primary), incarnation: incarnation, region: "syd"
            )
        ),
        .hello(Hello(role: .worker(offers: [], running: [], capacity: 0, primary: nil), incarnation: incarnation, region: "syd")),
        .welcome(
            Welcome(
                incarnation: incarnation,
                region: "syd",
                disowned: ids,
                offers: offers,
                primary: primary,
                heartbeatInterval: .seconds(1),
                maximumPayloadSize: 8_388_608
            )
        ),
        .credit(0),
        .credit(12),
        .request(request),
        .queued(Queued(id: ids[1], incarnation: incarnation, duplicate: true)),
        .running(Running(id: ids[1], attempts: 1)),
        .refused(
            Refused(
                id: ids[2],
                subject: .fence,
                code: .wrongEpoch,
                message: "this primary is of timeline 3",
                incarnation: incarnation,
                neverDispatched: true,
                retryAfter: .milliseconds(250),
                epoch: epoch
            )
        ),
        .partial(Partial(id: ids[0], sequence: 41, contentType: "application/json", payload: Array("0.5".utf8))),
        .reply(reply),
        .cancel(ids[0]),
        .fence(Fence(job: job, kind: .expired, epoch: epoch)),
        .outcome(reply),
        .positionRequest(PositionRequest(number: .max)),
        .position(Position(number: 9, token: token)),
        .heartbeat(Heartbeat(primary: primary)),
        .heartbeat(Heartbeat()),
        .disconnect(Disconnect(reason: .unknownPeer, message: "say HELLO")),
        .statusRequest(StatusRequest(number: 17)),
        .status(status),
    ]
}
