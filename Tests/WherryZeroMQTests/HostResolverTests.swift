import Testing
import WherryCore
import WherryEventLoop
import WherryZeroMQ

@Suite("The system's look-up of host names", .timeLimit(.minutes(1)))
struct HostResolverTests {
    private func lookUp(_ host: String) async -> BrokerDirectory.Answer {
        await withCheckedContinuation { continuation in
            SystemHostResolver().resolve(host, on: .shared) { answer in
                EventLoop.shared.checkIsolated()
                continuation.resume(returning: answer)
            }
        }
    }

    @Test("finds the addresses of a name, in digits, and answers on the loop")
    func finds() async {
        guard case .addresses(let addresses) = await self.lookUp("localhost") else {
            Issue.record("localhost has no address")
            return
        }
        #expect(addresses.contains("127.0.0.1") || addresses.contains("::1"))
        #expect(Set(addresses).count == addresses.count)
    }

    @Test("says why it finds nothing")
    func fails() async {
        guard case .failed(let reason) = await self.lookUp("no such host!") else {
            Issue.record("found a host that cannot be")
            return
        }
        #expect(!reason.isEmpty)
    }
}
