internal import Synchronization
internal import WherryCore
internal import WherryEventLoop

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Making one connection, on a thread of its own: libpq blocks there on name resolution, files, and Kerberos and LDAP servers.
///
/// Whoever waits for it is answered at the deadline or when cancelled, whatever the thread does; the thread sees so at its next step, and
/// ends by its own clock not much later.
final class ConnectionOpening: Sendable {
    private let attempts: [ConnectionOptions]
    private let timeout: Duration
    private let isAbandoned = Atomic<Bool>(false)

    init(_ configuration: PostgresConfiguration) throws(PostgresError) {
        self.attempts = try ConnectionOptions.attempts(for: configuration)
        self.timeout = configuration.connectTimeout
    }

    /// Makes the thread give up.
    func abandon() {
        self.isAbandoned.store(true, ordering: .relaxed)
    }

    /// Tries one host after another. Blocks.
    func run() -> Result<LibPQ, PostgresError> {
        let start = EventLoop.now
        var failures: [PostgresError] = []
        for (index, options) in self.attempts.enumerated() {
            let deadline = start + self.timeout * (index + 1) / self.attempts.count
            switch self.attempt(options, deadline: deadline) {
            case .success(let connection): return .success(connection)
            case .failure(let failure): failures.append(failure)
            }
            if self.isAbandoned.load(ordering: .relaxed) { break }
        }
        // All of them matter to whoever reads the message; the first that the server itself said is the most telling.
        var failure = failures.first { $0.sqlState != nil } ?? failures[0]
        if failures.count > 1 { failure.message = failures.map(\.message).joined(separator: "; ") }
        return .failure(failure)
    }

    private func attempt(_ options: ConnectionOptions, deadline: MonotonicInstant) -> Result<LibPQ, PostgresError> {
        let connection = LibPQ(starting: options)
        // As documented for PQconnectPoll: begin as if it had said that it wants to write.
        var progress: LibPQ.Progress = connection.isBad ? .failed : .writing
        while true {
            switch progress {
            case .connected:
                if connection.enterPipelineMode() { return .success(connection) }
                return .failure(PostgresError(.connectFailed, "pipeline mode cannot be entered: \(connection.errorMessage)"))
            case .failed:
                return .failure(PostgresError(connectFailure: connection.errorMessage, hiding: options["password"]))
            case .reading, .writing:
                if self.isAbandoned.load(ordering: .relaxed) { return .failure(PostgresError(.cancelled, "connecting was given up")) }
                guard self.wait(for: connection, progress, until: deadline) else {
                    let place = "\(options["hostaddr"] ?? options["host"] ?? "the server"), port \(options["port"] ?? "5432")"
                    return .failure(PostgresError(.connectTimeout, "\(place) did not answer in time"))
                }
                progress = connection.poll()
            }
        }
    }

    /// Blocks until the socket is ready; false at the deadline.
    private func wait(for connection: LibPQ, _ progress: LibPQ.Progress, until deadline: MonotonicInstant) -> Bool {
        let events = progress == .reading ? POLLIN : POLLOUT
        var descriptor = pollfd(fd: connection.socket, events: Int16(events), revents: 0)
        while true {
            let remaining = deadline - EventLoop.now
            guard remaining > .zero else { return false }
            let milliseconds = CInt(clamping: Int(remaining.milliseconds.rounded(.up)))
            // SAFETY: one descriptor, which lives for the call.
            let ready = unsafe poll(&descriptor, 1, milliseconds)
            if ready > 0 { return true }
            if ready < 0, errno != EINTR { return true }
        }
    }
}

extension PostgresError {
    /// Reads libpq's account of a failed connection: `connection to server at "…" failed: FATAL:  28P01: password authentication failed …`,
    /// with a line for where in the server's source, and a line for each address that was tried.
    ///
    /// - Parameter password: is taken out, should it be in there.
    init(connectFailure text: String, hiding password: String?) {
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("LOCATION:") }
        var message = lines.joined(separator: "; ")
        var sqlState: SQLState?
        if let range = message.firstRange(of: #/:  [0-9A-Z]{5}: /#) {
            sqlState = SQLState(rawValue: String(message[range].dropFirst(3).prefix(5)))
            message.replaceSubrange(range, with: ": ")
        }
        if let password, !password.isEmpty { message = message.split(separator: password).joined(separator: "***") }
        self.init(.connectFailed, message.isEmpty ? "no connection could be made" : message)
        self.sqlState = sqlState
    }
}
