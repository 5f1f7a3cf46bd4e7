/// Where libpq leaves the server's notices until somebody has a moment to log them.
///
/// Used by one thread at a time, like the connection that it belongs to.
final class NoticeBox {
    /// A notice storm must not fill memory: only the first ones of each read are kept.
    static let capacity = 100
    private var notices: [PostgresError] = []

    func add(_ notice: PostgresError) {
        if self.notices.count < Self.capacity { self.notices.append(notice) }
    }

    /// Takes all notices that are there.
    func take() -> [PostgresError] {
        if self.notices.isEmpty { return [] }
        defer { self.notices.removeAll() }
        return self.notices
    }
}
