import Testing
import WherryCore
import WherryJobs
import WherryPostgres
import WherryWire

@Suite("The encoding of jobs")
struct JobCodecTests {
    struct Order: Codable, Equatable {
        var zebra: Int
        var apple: String
    }

    @Test("sorts keys, so that equal jobs are equal bytes")
    func sorted() throws {
        let bytes = try JobCodec.encode(Order(zebra: 1, apple: "a/b"))
        #expect(String(decoding: bytes, as: UTF8.self) == #"{"apple":"a/b","zebra":1}"#)
        #expect(try JobCodec.decode(Order.self, from: bytes) == Order(zebra: 1, apple: "a/b"))
    }

    @Test("takes single values as well as objects")
    func fragments() throws {
        #expect(try JobCodec.decode(Int.self, from: JobCodec.encode(7)) == 7)
        #expect(try JobCodec.encode(NoOutput()) == Array("{}".utf8))
    }

    @Test("refuses what JSON cannot say")
    func infinite() {
        #expect(throws: EncodingError.self) { try JobCodec.encode([Double.infinity]) }
    }

    @Test("has SHA-256 as its digest")
    func digest() {
        let hex = JobCodec.digest([]).map { String($0, radix: 16) }.joined()
        #expect(hex.hasPrefix("e3b0c44298fc1c149afbf4c8996fb924".prefix(8)))
        #expect(JobCodec.digest(Array("{}".utf8)).count == 32)
    }

    @Test("of a failure cuts long messages and drops zero bytes, which PostgreSQL cannot store")
    func bounded() {
        let failure = HandlerFailure(code: .handlerFailed, message: "a\0b" + String(repeating: "x", count: 5000))
        #expect(failure.failure.message.hasPrefix("abx"))
        #expect(failure.failure.message.count <= HandlerFailure.maximumMessageLength)
    }

    @Test("of a thrown JobFailure carries its payload, unless it is too large")
    func thrown() {
        let small = HandlerFailure(thrown: JobFailure(["left": 2], message: "sold out"), maximumPayload: 100, coding: JSONJobCoding())
        #expect(small.payload == Array(#"{"left":2}"#.utf8))
        #expect(small.failure.message == "sold out")
        let large = HandlerFailure(
            thrown: JobFailure([String(repeating: "x", count: 200)], message: "big"), maximumPayload: 100, coding: JSONJobCoding())
        #expect(large.payload.isEmpty)
        #expect(large.failure.message.contains("limit of 100"))
    }
}
