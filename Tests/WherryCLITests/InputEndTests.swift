import DemoShared
import Foundation
import Testing

@Suite("The end of the input", .timeLimit(.minutes(3)))
struct InputEndTests {
    /// With Dispatch's file sources about one in 150 of these ended the process by SIGSEGV.
    @Test("It is noticed whenever it comes, hundreds of times")
    func manyTimes() async throws {
        for round in 0..<400 {
            let pipe = Pipe()
            if round.isMultiple(of: 3) { try pipe.fileHandleForWriting.write(contentsOf: Data("words\n".utf8)) }
            async let ended: Void = InputEnd(descriptor: pipe.fileHandleForReading.fileDescriptor).run()
            if round.isMultiple(of: 2) { await Task.yield() }
            try pipe.fileHandleForWriting.close()
            try await ended
        }
    }

    @Test("An input that cannot be read has ended")
    func closed() async throws {
        try await InputEnd(descriptor: -1).run()
    }
}
