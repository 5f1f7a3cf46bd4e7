extension Diagnosis {
    // MARK: Privileges

    var privileges: [Finding] {
        self.facts.databases.compactMap { database -> [Finding]? in
            guard let privileges = database.privileges, database.schema != .absent else { return nil }
            let role = self.role ?? (database.isStandby ? .app : .worker)
            return self.judge(privileges, of: database, as: role)
        }.flatMap(\.self)
    }

    private func judge(_ privileges: DatabaseFacts.Privileges, of database: DatabaseFacts, as role: DatabaseRole) -> [Finding] {
        let who = "\(database.name): role \(privileges.role)"
        let needed = GrantedPrivileges(for: role, name: privileges.role)
        let article = role == .app ? "an app" : "a worker"
        if privileges.isSuperuser || privileges.ownsReceipts {
            let what = privileges.isSuperuser ? "is a superuser" : "owns the schema"
            let grants = GrantedPrivileges(for: role, name: role.rawValue).statements
            return [
                .warning(
                    .privileges, "\(who) \(what), which \(article) need not be",
                    do: "give \(article) a role of its own: CREATE ROLE \"\(role.rawValue)\" LOGIN …; \(grants.joined(separator: "; "))")
            ]
        }
        var findings: [Finding] = []
        let missing = needed.missing(from: privileges.held)
        if !missing.isEmpty {
            findings.append(
                .problem(
                    .privileges, "\(who) lacks \(missing.joined(separator: "; "))",
                    do: "as the schema's owner: \(needed.statements.joined(separator: "; "))"))
        }
        let surplus = needed.surplus(in: privileges.held)
        if !surplus.isEmpty {
            findings.append(
                .warning(
                    .privileges, "\(who) may more than \(article) needs: \(surplus.joined(separator: "; "))",
                    do: "as the schema's owner: REVOKE what is too much; receipts prove something only while nobody changes them"))
        }
        return findings.isEmpty ? [.ok(.privileges, "\(who) may what \(article) needs, and no more")] : findings
    }

    // MARK: Commits

    var commits: [Finding] {
        guard let primary = self.facts.primary, primary.isUsable, !primary.isStandby else { return [] }
        var findings: [Finding] = []
        let synchronous = primary.settings["synchronous_commit"]
        switch synchronous {
        case "off":
            findings.append(
                .warning(
                    .commits, "synchronous_commit is off: what your own code commits is not flushed when it returns",
                    do: "jobs turn it on for themselves; for writes beside them: ALTER SYSTEM SET synchronous_commit = 'on'"))
        case "remote_apply":
            findings.append(
                .warning(
                    .commits, "synchronous_commit is remote_apply: every commit waits for the farthest synchronous replica",
                    do: "Wherry waits where the job was called, and needs no more than: ALTER SYSTEM SET synchronous_commit = 'on'"))
        case let value?: findings.append(.ok(.commits, "synchronous_commit is \(value)"))
        case nil: break
        }
        if let names = primary.settings["synchronous_standby_names"], !names.isEmpty, synchronous != "off", synchronous != "local" {
            findings.append(
                .warning(
                    .commits, "every commit waits for synchronous standbys (\(names))",
                    do: "keep those near the primary: a far one adds its round trip to every job"))
        }
        if let delay = primary.settings["commit_delay"].flatMap(Double.init), delay > 0 {
            findings.append(
                .warning(
                    .commits, "commit_delay holds commits back for up to \(Figures.time(milliseconds: delay / 1000))",
                    do: "ALTER SYSTEM SET commit_delay = 0, unless you measured that it helps"))
        }
        for setting in ["fsync", "full_page_writes"] where primary.settings[setting] == "off" {
            findings.append(
                .warning(
                    .commits, "\(setting) is off: a crash of the machine loses receipts, and more",
                    do: "ALTER SYSTEM SET \(setting) = on, wherever data matters"))
        }
        return findings
    }

    // MARK: Timeouts

    var timeouts: [Finding] {
        guard let primary = self.facts.primary, primary.isUsable else { return [] }
        var findings: [Finding] = []
        if primary.settings["default_transaction_read_only"] == "on" {
            findings.append(
                .problem(
                    .timeouts, "default_transaction_read_only is on for this role: jobs cannot write",
                    do: "ALTER ROLE … RESET default_transaction_read_only"))
        }
        for setting in ["statement_timeout", "transaction_timeout"] {
            guard let limit = primary.settings[setting].flatMap(Double.init), limit > 0 else { continue }
            let seen = "\(setting) is \(Figures.time(milliseconds: limit)) for this role"
            findings.append(
                limit < Self.shortestStatementTimeout * 1000
                    ? .warning(.timeouts, seen, do: "jobs set their own limit; for migrations and upkeep: ALTER ROLE … RESET \(setting)")
                    : .ok(.timeouts, seen))
        }
        if let limit = primary.settings["idle_session_timeout"].flatMap(Double.init), limit > 0 {
            findings.append(
                .warning(
                    .timeouts,
                    "idle_session_timeout is \(Figures.time(milliseconds: limit)): connections of the pool are cut off while idle",
                    do: "ALTER ROLE … SET idle_session_timeout = 0, for workers and apps"))
        }
        return findings.isEmpty ? [.ok(.timeouts, "no timeout of the server gets in the way")] : findings
    }

    // MARK: Poolers

    var poolers: [Finding] {
        self.facts.databases.compactMap { database in
            guard let route = database.route else { return nil }
            if route.servers.count > 1 {
                return .problem(
                    .poolers, "\(database.name): statements of one connection reached different servers",
                    do:
                        "name one server: what was seen on one says nothing about another (\(route.servers.sorted().joined(separator: ", ")))"
                )
            }
            if route.answered.count > 1 {
                return .problem(
                    .poolers, "\(database.name): a pooler gives each statement another backend",
                    do: "connect to PostgreSQL itself; Wherry has a pool of its own, and gate and read belong on one session")
            }
            if let answered = route.answered.first, answered != route.announced {
                return .warning(
                    .poolers, "\(database.name): something stands in between (PgBouncer or the like): the backend is not the one announced",
                    do: "connect to PostgreSQL itself, or make sure that the pooler is in session mode; cancelling may not work")
            }
            return .ok(.poolers, "\(database.name): connected directly, always the same backend")
        }
    }

    // MARK: Partitions, retention

    var partitions: [Finding] {
        guard let database = self.facts.databases.first(where: { $0.partitions != nil }), let partitions = database.partitions,
            let now = database.clock?.now
        else { return [] }
        let upkeep = "as the schema's owner, daily: wherry upkeep --database \"$\(self.primaryVariable)\""
        let ahead = partitions.to - now
        // With a role that may not read the settings, by the defaults.
        let period = database.retention?.period ?? 86_400
        let wanted = Double(database.retention?.periodsAhead ?? 7)
        let seen = "\(partitions.count) partitions, up to \(Figures.span(seconds: ahead)) ahead"
        var findings: [Finding] = []
        if ahead <= 0 {
            findings.append(.problem(.partitions, "there is no partition for the receipts of today: no job can commit", do: upkeep))
        } else if ahead < period {
            findings.append(.problem(.partitions, seen, do: upkeep))
        } else if ahead < wanted / 2 * period {
            findings.append(.warning(.partitions, seen, do: upkeep))
        } else {
            findings.append(.ok(.partitions, seen))
        }
        if let retention = database.retention, now - partitions.from > retention.retention + 3 * period {
            findings.append(
                .warning(.partitions, "receipts of \(Figures.span(seconds: now - partitions.from)) ago are still there", do: upkeep))
        }
        if !partitions.pendingDetach.isEmpty {
            findings.append(
                .warning(
                    .partitions, "half detached: \(partitions.pendingDetach.joined(separator: ", "))",
                    do: "end long transactions, then \(upkeep)"))
        }
        return findings
    }

    var retention: [Finding] {
        guard let retention = self.facts.databases.lazy.compactMap(\.retention).first else { return [] }
        let needed = retention.acceptanceAge + retention.maximumDeadline + retention.clockSkew
        let seen =
            "receipts are kept for \(Figures.span(seconds: retention.retention)); jobs are taken up to \(Figures.span(seconds: retention.acceptanceAge)) old, "
            + "with deadlines up to \(Figures.span(seconds: retention.maximumDeadline))"
        return [
            needed < retention.retention
                ? .ok(.retention, seen)
                : .problem(
                    .retention, seen, do: "UPDATE wherry.settings SET retention = …: it must be longer than age, deadline and skew together"
                )
        ]
    }

    // MARK: Clocks

    var clocks: [Finding] {
        self.facts.databases.compactMap { database in
            guard let clock = database.clock else { return nil }
            let certain = max(0, clock.offset.magnitude - clock.uncertainty)
            let direction = clock.offset < 0 ? "behind" : "ahead of"
            let seen =
                "\(database.name): its clock is \(Figures.time(milliseconds: clock.offset.magnitude * 1000)) \(direction) this machine's "
                + "(± \(Figures.time(milliseconds: clock.uncertainty * 1000)))"
            let advice = "synchronise both with NTP: timedatectl set-ntp true"
            if certain > database.retention?.clockSkew ?? 60 { return .problem(.clock, seen, do: advice) }
            return certain > Self.considerableOffset ? .warning(.clock, seen, do: advice) : .ok(.clock, seen)
        }
    }
}
