/// What ``eventually(_:within:every:fileID:line:read:until:)`` throws when time is up.
public struct NeverHappened: Error, Sendable, CustomStringConvertible {
    /// What was waited for, for how long, what was seen last, and where.
    public let description: String
}

/// Reads something again and again until it is as it should be: for what real servers and sockets do in their own time.
///
/// It ends at the first good reading, so it costs no more than the thing itself takes.
///
/// - Parameters:
///   - what: what is waited for, as it completes "never happened: …".
///   - limit: default 10 s; generous, since only a failing test waits it out.
///   - interval: between two readings; default 10 ms.
///   - fileID: where it is waited for.
///   - line: where it is waited for.
///   - read: reads the state.
///   - holds: whether this state is good.
/// - Returns: the good state.
/// - Throws: ``NeverHappened`` with the last state seen; whatever `read` throws; `CancellationError`.
@discardableResult
public func eventually<State>(
    _ what: String, within limit: Duration = .seconds(10), every interval: Duration = .milliseconds(10),
    fileID: String = #fileID, line: Int = #line,
    read: () async throws -> State, until holds: (State) -> Bool
) async throws -> State {
    let clock = ContinuousClock()
    let deadline = clock.now + limit
    while true {
        let state = try await read()
        if holds(state) { return state }
        guard clock.now < deadline else {
            throw NeverHappened(description: "never happened: \(what), within \(limit); last seen: \(state) (\(fileID):\(line))")
        }
        try await clock.sleep(for: interval)
    }
}

/// Asks again and again until the answer is yes; see ``eventually(_:within:every:fileID:line:read:until:)``, which also tells what it saw.
public func eventually(
    _ what: String, within limit: Duration = .seconds(10), every interval: Duration = .milliseconds(10),
    fileID: String = #fileID, line: Int = #line, _ holds: () async throws -> Bool
) async throws {
    try await eventually(what, within: limit, every: interval, fileID: fileID, line: line, read: holds, until: { $0 })
}
