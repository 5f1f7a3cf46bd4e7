internal import CLibPQ

/// The keywords and values of a connection string.
struct ConnectionOptions: Sendable {
    private var values: [String: String]

    /// Reads a connection string.
    ///
    /// - Throws: ``PostgresError/Code/invalidConfiguration``, without libpq's own words: they quote pieces of the string, which may be the password.
    init(parsing conninfo: String) throws(PostgresError) {
        // SAFETY: libpq allocates message and options; both are freed here, and nothing points into them afterwards.
        var message: UnsafeMutablePointer<CChar>?
        let options = unsafe PQconninfoParse(conninfo, &message)
        unsafe PQfreemem(message)
        guard let options = unsafe options else {
            throw PostgresError(
                .invalidConfiguration,
                "the connection string cannot be read",
                hint: "It is a URL, postgresql://user:password@host:5432/database, or keywords, host=… dbname=…; "
                    + "special characters are percent-encoded in the one and quoted in the other."
            )
        }
        defer { unsafe PQconninfoFree(options) }
        self.values = unsafe Self.read(options)
        try self.checkPlausible()
    }

    /// Refuses what libpq would take, and then quote in its errors: the rest of a password whose special characters split the URL.
    private func checkPlausible() throws(PostgresError) {
        let hosts = (self["host"] ?? "").split(separator: ",")
        let ports = (self["port"] ?? "").split(separator: ",")
        // A host that begins with @ is a socket in the abstract name space.
        guard hosts.allSatisfy({ !$0.dropFirst().contains("@") }), ports.allSatisfy({ UInt16($0) != nil }) else {
            throw PostgresError(
                .invalidConfiguration,
                "the connection string has a host or a port that cannot be one",
                hint: "Special characters in a URL's password are percent-encoded: @ is %40, / is %2F, : is %3A."
            )
        }
    }

    subscript(keyword: String) -> String? {
        get { self.values[keyword] }
        set { self.values[keyword] = newValue }
    }

    /// Sets what is not set yet.
    mutating func setDefault(_ keyword: String, to value: String) {
        if self.values[keyword] == nil { self.values[keyword] = value }
    }

    /// The keywords and their values, as `PQconnectStartParams` takes them.
    var pairs: [(keyword: String, value: String)] {
        self.values.map { ($0.key, $0.value) }.sorted { $0.keyword < $1.keyword }
    }

    /// Nothing at all.
    static let none = ConnectionOptions(values: [:])

    /// What libpq would take from the environment.
    static var environment: ConnectionOptions {
        // SAFETY: as above.
        guard let options = unsafe PQconndefaults() else { return .none }
        defer { unsafe PQconninfoFree(options) }
        return ConnectionOptions(values: unsafe self.read(options))
    }

    private init(values: [String: String]) {
        self.values = values
    }

    /// Reads libpq's array of options, which ends with one that has no keyword.
    private static func read(_ options: UnsafeMutablePointer<PQconninfoOption>) -> [String: String] {
        var values: [String: String] = [:]
        var option = unsafe options
        while let keyword = unsafe option.pointee.keyword {
            if let value = unsafe option.pointee.val { values[unsafe String(cString: keyword)] = unsafe String(cString: value) }
            unsafe option += 1
        }
        return values
    }
}

extension ConnectionOptions {
    /// What is tried, one after another, to connect by a configuration.
    ///
    /// A list of hosts is taken apart, for libpq leaves it to its caller to give up one that does not answer, and then knows no way to go on
    /// with the next.
    static func attempts(for configuration: PostgresConfiguration) throws(PostgresError) -> [ConnectionOptions] {
        var options = try ConnectionOptions(parsing: configuration.conninfo)
        options.setDefault("application_name", to: configuration.applicationName)
        options["client_encoding"] = "UTF8"
        options.addSettings(configuration.sessionSettings)
        if let keepalive = configuration.keepalive {
            options.setDefault("keepalives_idle", to: String(max(1, keepalive.idle.components.seconds)))
            options.setDefault("keepalives_interval", to: String(max(1, keepalive.interval.components.seconds)))
            options.setDefault("keepalives_count", to: String(keepalive.count))
            options.setDefault("tcp_user_timeout", to: String(Int(keepalive.userTimeout / .milliseconds(1))))
        }
        return options.separated(environment: .environment)
    }

    /// One for each host of a list.
    func separated(environment: ConnectionOptions) -> [ConnectionOptions] {
        func list(_ keyword: String) -> [String] {
            let value = self[keyword] ?? environment[keyword] ?? ""
            return value.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        let (hosts, addresses, ports) = (list("host"), list("hostaddr"), list("port"))
        let count = max(hosts.count, addresses.count)
        let countsFit = [hosts.count, addresses.count].allSatisfy { $0 == count || $0 == 1 } && (ports.count == count || ports.count == 1)
        // A service file may have hosts of its own, and lists that do not fit get libpq's error.
        guard count > 1, countsFit, self["service"] ?? environment["service"] == nil else { return [self] }
        let each = (0..<count).map { index in
            var options = self
            options["host"] = hosts[hosts.count == 1 ? 0 : index]
            if addresses != [""] { options["hostaddr"] = addresses[addresses.count == 1 ? 0 : index] }
            options["port"] = ports[ports.count == 1 ? 0 : index]
            return options
        }
        guard self["target_session_attrs"] ?? environment["target_session_attrs"] == "prefer-standby" else { return each }
        return ["standby", "any"].flatMap { attribute in
            each.map { options in
                var options = options
                options["target_session_attrs"] = attribute
                return options
            }
        }
    }

    /// Settings go in the startup message, so that they are what `RESET ALL` comes back to (manual, "options").
    private mutating func addSettings(_ settings: [String: String]) {
        var words = self["options"].map { [$0] } ?? []
        for (name, value) in settings.sorted(by: { $0.key < $1.key }) {
            let escaped = value.flatMap { $0 == " " || $0 == "\\" ? ["\\", $0] : [$0] }
            words.append("-c \(name)=\(String(escaped))")
        }
        if !words.isEmpty { self["options"] = words.joined(separator: " ") }
    }
}
