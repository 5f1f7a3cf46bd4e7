import WherryCore

extension Diagnosis {
    /// What is not behind by much needs no figure to the byte.
    private func amount(_ bytes: Int64) -> String { Figures.bytes(bytes) }

    var replication: [Finding] {
        var findings: [Finding] = []
        if let primary = self.facts.primary, primary.isUsable, !primary.isStandby {
            findings += primary.standbys.map(self.judge)
            if primary.standbys.isEmpty {
                findings.append(
                    self.facts.local?.isStandby == true
                        ? .problem(
                            .replication, "nobody replicates from the primary",
                            do: "look at the replica's primary_conninfo and its log")
                        : .ok(.replication, "no replica is connected to the primary"))
            }
        }
        for database in self.facts.databases where database.isStandby { findings += self.judgeReplay(of: database) }
        return findings
    }

    private func judge(_ standby: DatabaseFacts.Standby) -> Finding {
        guard let state = standby.state, let lag = standby.lag else {
            return .warning(
                .replication, "replica \(standby.name): connected; this role may not see how far it is",
                do: "GRANT pg_monitor TO the role that runs the doctor")
        }
        let seen = "replica \(standby.name): \(state), \(self.amount(lag)) behind"
        if state != "streaming" {
            return .warning(.replication, seen, do: "wait until it has caught up, or look at its log if it does not")
        }
        return self.judge(lag: lag, seen)
    }

    /// Bytes, never seconds: on an idle primary the age of the last transaction says nothing (correctness.md, rule 14).
    private func judge(lag: Int64, _ seen: String) -> Finding {
        if lag >= Self.largeLag {
            return .problem(
                .replication, seen, do: "look for a long query on the replica (max_standby_streaming_delay), a slow disk or a slow network")
        }
        if lag >= Self.considerableLag {
            return .warning(.replication, seen, do: "jobs called there wait for this: look at the replica's load and at the network")
        }
        return .ok(.replication, seen)
    }

    private func judgeReplay(of database: DatabaseFacts) -> [Finding] {
        guard let replay = database.replay else { return [] }
        var findings: [Finding] = []
        if !replay.isReceiving {
            findings.append(
                .problem(
                    .replication, "\(database.name): receives nothing from its primary",
                    do: "look at its log and at primary_conninfo; if its WAL is gone from the primary, make the replica anew"))
        }
        if replay.pauseState != "not paused" {
            findings.append(
                .problem(.replication, "\(database.name): its replay is \(replay.pauseState)", do: "on it: SELECT pg_wal_replay_resume()"))
        }
        if let flushed = self.facts.primary?.flushed, let replayed = replay.replayed {
            let lag = Int64(clamping: flushed.rawValue - min(flushed.rawValue, replayed.rawValue))
            findings.append(self.judge(lag: lag, "\(database.name): replayed up to \(replayed), \(self.amount(lag)) behind the primary"))
        } else if findings.isEmpty {
            findings.append(.ok(.replication, "\(database.name): receives, replayed up to \(replay.replayed ?? .zero)"))
        }
        return findings
    }

    var slots: [Finding] {
        guard let primary = self.facts.primary, primary.isUsable, !primary.isStandby, !primary.slots.isEmpty else { return [] }
        var findings = primary.slots.map { slot -> Finding in
            let seen = "slot \(slot.name): \(slot.isActive ? "in use" : "not in use"), keeps \(self.amount(slot.kept ?? 0))"
            switch slot.state {
            case "lost":
                return .problem(
                    .slots, "\(seen), and is lost", do: "its replica is too far behind: make it anew with pg_basebackup, and drop the slot")
            case "unreserved":
                return .warning(.slots, "\(seen), more than max_slot_wal_keep_size", do: "bring its replica back before it is lost")
            default:
                if slot.isActive || slot.state == nil { return .ok(.slots, seen) }
                return .warning(
                    .slots, seen, do: "start its replica, or drop it: SELECT pg_drop_replication_slot('\(slot.name)')")
            }
        }
        if let keep = primary.settings["max_slot_wal_keep_size"] {
            findings.append(
                keep == "-1"
                    ? .warning(
                        .slots, "max_slot_wal_keep_size is not set: a replica that stays away fills the primary's disk",
                        do: "ALTER SYSTEM SET max_slot_wal_keep_size = '10GB'; SELECT pg_reload_conf()")
                    : .ok(.slots, "max_slot_wal_keep_size is \(self.amount((Int64(keep) ?? 0) << 20))"))
        }
        return findings
    }

    // MARK: Epochs

    var epochs: [Finding] {
        var findings = self.facts.databases.compactMap(self.judgeEpoch)
        guard let mine = self.facts.local?.epoch ?? nil, let theirs = self.facts.primary?.epoch ?? nil else { return findings }
        switch mine.relation(to: theirs) {
        case .same: break
        case .older:
            findings.append(
                .warning(
                    .epoch, "the local database knows an older epoch than the primary",
                    do: "wait until it has replayed that far; if it stays, it follows another primary"))
        case .newer:
            findings.append(
                .problem(
                    .epoch, "the local database knows a newer epoch than the primary",
                    do: "the primary is one that was failed over from: point workers at the new one, and stop this one"))
        case .fork, .otherSystem:
            findings.append(
                .problem(
                    .epoch, "local database and primary are of different histories",
                    do: "make the replica anew from this primary, with pg_basebackup or pg_rewind"))
        }
        return findings
    }

    private func judgeEpoch(of database: DatabaseFacts) -> Finding? {
        guard let known = database.epoch else { return nil }
        guard let epoch = known else {
            return .warning(
                .epoch, "\(database.name): wherry.epochs has no row", do: "start a worker: the first that meets a primary writes it")
        }
        if let timeline = database.timeline, timeline != epoch.timeline {
            return .warning(
                .epoch, "\(database.name): the newest epoch is of timeline \(epoch.timeline), the server writes timeline \(timeline)",
                do: "start a worker: it writes the epoch of this promotion; until then tokens of before prove nothing")
        }
        return .ok(.epoch, "\(database.name): \(epoch)")
    }
}
