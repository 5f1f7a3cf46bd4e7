import Testing
import WherryCore

@Suite("The directory of brokers")
struct BrokerDirectoryTests {
    private func directory(_ texts: String...) throws -> BrokerDirectory {
        BrokerDirectory(try texts.map { try BrokerAddress(parsing: $0) })
    }

    private func at(_ seconds: Double) -> MonotonicInstant { .zero + .seconds(seconds) }

    @Test("knows at once what is no name, and never looks it up")
    func literals() throws {
        var directory = try self.directory("tcp://10.0.0.1:1", "lax=tcp://[::1]:2", "ipc://x")
        #expect(directory.targets.map(\.endpoint) == ["tcp://10.0.0.1:1", "tcp://[::1]:2", "ipc://x"])
        #expect(directory.targets.map(\.region) == [nil, "lax", nil])
        #expect(directory.takeDue(now: self.at(100)).isEmpty)
        #expect(directory.nextDeadline == nil)
    }

    @Test("looks a name up at the start, and again every ten seconds after the answer")
    func looksUp() throws {
        var directory = try self.directory("tcp://b:1")
        let query = try #require(directory.takeDue(now: self.at(0)).first)
        #expect(query.host == "b")
        #expect(directory.targets.isEmpty)
        #expect(directory.nextDeadline == nil, "one look-up at a time")
        #expect(directory.resolved(query.entry, .addresses(["10.0.0.2", "10.0.0.1", "fd::1", "10.0.0.2"]), now: self.at(3)) == nil)
        #expect(directory.targets.map(\.endpoint) == ["tcp://10.0.0.1:1", "tcp://10.0.0.2:1", "tcp://[fd::1]:1"])
        #expect(directory.nextDeadline == self.at(13))
        #expect(directory.takeDue(now: self.at(12.9)).isEmpty)
        #expect(directory.takeDue(now: self.at(13)) == [query])
    }

    @Test("keeps what it knows when a look-up fails or finds nothing, and says so once")
    func failure() throws {
        var directory = try self.directory("tcp://b:1")
        let entry = try #require(directory.takeDue(now: self.at(0)).first).entry
        _ = directory.resolved(entry, .addresses(["10.0.0.1"]), now: self.at(0))
        _ = directory.takeDue(now: self.at(10))
        #expect(directory.resolved(entry, .failed("no such host"), now: self.at(11))?.reason == "no such host")
        #expect(directory.targets.count == 1)
        _ = directory.takeDue(now: self.at(21))
        #expect(directory.resolved(entry, .addresses([]), now: self.at(22)) == nil, "said already")
        #expect(directory.targets.count == 1)
        _ = directory.takeDue(now: self.at(32))
        #expect(directory.resolved(entry, .addresses(["10.0.0.3"]), now: self.at(32)) == nil)
        #expect(directory.targets.map(\.endpoint) == ["tcp://10.0.0.3:1"])
        _ = directory.takeDue(now: self.at(42))
        #expect(directory.resolved(entry, .failed("again"), now: self.at(42)) != nil, "news again after a success")
    }

    @Test("asks again soon while a name has no address, and tells why there is none")
    func neverFound() throws {
        var directory = try self.directory("tcp://b:1")
        let entry = try #require(directory.takeDue(now: self.at(0)).first).entry
        #expect(directory.problems.first?.contains("being resolved") == true)
        _ = directory.resolved(entry, .failed("no such host"), now: self.at(0.1))
        #expect(directory.problems.first?.contains("no such host") == true)
        #expect(directory.nextDeadline == self.at(1.1))
    }

    @Test("asks sooner when a link to one of the addresses was lost, but not more than once a second")
    func hurry() throws {
        var directory = try self.directory("tcp://b:1", "tcp://c:1")
        for query in directory.takeDue(now: self.at(0)) {
            _ = directory.resolved(query.entry, .addresses(["10.0.0.\(query.entry + 1)"]), now: self.at(0))
        }
        directory.lost("tcp://10.0.0.1:1", now: self.at(0.2))
        #expect(directory.nextDeadline == self.at(1))
        #expect(directory.takeDue(now: self.at(1)).map(\.host) == ["b"])
        directory.lost("tcp://10.0.0.2:1", now: self.at(5))
        #expect(directory.takeDue(now: self.at(5)).map(\.host) == ["c"])
        directory.lost("tcp://10.0.0.9:1", now: self.at(6))
        #expect(directory.nextDeadline == nil)
    }

    @Test("has each broker once, however many entries lead to it, and takes no answer that it did not ask for")
    func once() throws {
        var directory = try self.directory("tcp://b:1", "tcp://10.0.0.1:1", "lax=tcp://10.0.0.1:1")
        #expect(directory.resolved(0, .addresses(["10.0.0.7"]), now: self.at(0)) == nil)
        #expect(directory.resolved(77, .addresses(["10.0.0.7"]), now: self.at(0)) == nil)
        #expect(directory.targets.count == 2)
        let entry = try #require(directory.takeDue(now: self.at(0)).first).entry
        _ = directory.resolved(entry, .addresses(["10.0.0.1"]), now: self.at(0))
        #expect(directory.targets.count == 2, "one a region")
    }
}
