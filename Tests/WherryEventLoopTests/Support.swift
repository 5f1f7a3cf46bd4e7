import WherryEventLoop

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension EventLoop {
    /// Runs a body on the loop and returns what it made.
    func run<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            self.execute { continuation.resume(returning: body()) }
        }
    }

    /// Runs a test with a loop of its own.
    static func with<Result>(_ body: (EventLoop) async throws -> Result) async throws -> Result {
        let loop = EventLoop(name: "test-loop")
        do {
            let result = try await body(loop)
            await loop.shutdown()
            return result
        } catch {
            await loop.shutdown()
            throw error
        }
    }
}

/// A non-blocking pipe.
struct Pipe: Sendable {
    let reading: CInt
    let writing: CInt

    init() {
        var ends: [CInt] = [-1, -1]
        precondition(pipe(&ends) == 0)
        for end in ends { precondition(fcntl(end, F_SETFL, O_NONBLOCK) == 0) }
        self.reading = ends[0]
        self.writing = ends[1]
    }

    func write(_ bytes: [UInt8]) {
        _ = bytes.withUnsafeBytes { platformWrite(self.writing, $0.baseAddress, $0.count) }
    }

    /// What is there to read, at most so many bytes; empty at the end or if nothing is there.
    func read(atMost count: Int = 4096) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let length = bytes.withUnsafeMutableBytes { platformRead(self.reading, $0.baseAddress, $0.count) }
        return Array(bytes.prefix(max(length, 0)))
    }

    func closeReading() { _ = platformClose(self.reading) }
    func closeWriting() { _ = platformClose(self.writing) }
}

#if canImport(Glibc)
    let platformWrite = Glibc.write
    let platformRead = Glibc.read
    let platformClose = Glibc.close
#else
    let platformWrite = Darwin.write
    let platformRead = Darwin.read
    let platformClose = Darwin.close
#endif

/// The number of this process's open descriptors.
func openDescriptors() -> Set<CInt> {
    Set((0..<4096).filter { fcntl($0, F_GETFD) != -1 })
}
