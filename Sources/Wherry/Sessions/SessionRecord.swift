import Synchronization
import WherryCore

/// What one session wrote and saw: the token behind ``WherryClient/token`` and ``Session/token``.
final class SessionRecord: Sendable {
    /// The session on whose behalf the current task calls the client's methods. So there is one implementation of each, and whatever a session
    /// starts ends up in its record.
    @TaskLocal static var current: SessionRecord?

    private let state: Locked<CausalToken?>

    init(_ token: CausalToken? = nil) {
        self.state = Locked(token)
    }

    var token: CausalToken? { self.state.withLock { $0 } }

    /// Adds something that was written or seen. One of a fork, or of another system, changes nothing: the two cannot both be waited for, and the
    /// next read says so.
    func note(_ token: CausalToken) {
        self.state.withLock { $0 = $0.map { known in known.merged(with: token) ?? known } ?? token }
    }

    /// Runs a body on behalf of this session.
    func bind<Value, Failure: Error>(_ body: () async throws(Failure) -> Value) async throws(Failure) -> Value {
        let result: Result<Value, Failure> = await Self.$current.withValue(self) {
            do throws(Failure) {
                return .success(try await body())
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
