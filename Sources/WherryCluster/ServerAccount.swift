#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The account that servers run as when this process is root, since PostgreSQL refuses to be.
struct ServerAccount: Sendable, Hashable {
    var name: String
    var userID: UInt32
    var groupID: UInt32

    /// The accounts that are tried, in this order: PostgreSQL's packages make the first one, every system has the second.
    static let candidates = ["postgres", "nobody"]

    /// What stands before a command that is to run as this account.
    ///
    /// Not swift-subprocess's own `userID`: it calls glibc's `setgroups` and `setuid` between `clone` and `exec`, and those wait for a thread
    /// that was just being started at that moment, which the child does not have. It waits for ever, and every later spawn waits for it.
    var prefix: [String] {
        [Self.setpriv, "--reuid=\(self.userID)", "--regid=\(self.groupID)", "--clear-groups", "--"]
    }

    private static let setpriv = "/usr/bin/setpriv"

    /// `nil` for an ordinary user, who runs servers as himself.
    static func forThisProcess() throws(ClusterError) -> ServerAccount? {
        guard geteuid() == 0 else { return nil }
        guard access(Self.setpriv, X_OK) == 0 else {
            throw ClusterError(
                .noAccount,
                "PostgreSQL refuses to run as root, and \(Self.setpriv), which runs it as somebody else, is missing: install util-linux, or run as a user"
            )
        }
        for name in Self.candidates {
            if let account = ServerAccount(named: name) { return account }
        }
        throw ClusterError(
            .noAccount,
            "PostgreSQL refuses to run as root, and there is no account \(Self.candidates.joined(separator: " or ")); make one, or run as a user"
        )
    }

    /// Looks an account up in the system's user database.
    init?(named name: String) {
        var entry = passwd()
        var buffer = [CChar](repeating: 0, count: 16_384)
        var found: UnsafeMutablePointer<passwd>?
        // SAFETY: every pointer lives for the call; of what it fills in only numbers are kept.
        guard getpwnam_r(name, &entry, &buffer, buffer.count, &found) == 0, found != nil else { return nil }
        self.name = name
        self.userID = entry.pw_uid
        self.groupID = entry.pw_gid
    }
}
