import WherryCore
import WherryJobs
import WherryPostgres
import WherryWire

/// What the statements of flights do.
extension ModelSession {
    func carryOut(_ statement: ModelStatement, _ sql: SQL, _ mission: Mission, then: @escaping (StatementOutcome) -> Void) {
        let parameters = mission.parameters
        func done(_ result: QueryResult) { then(.result(result)) }
        if self.work?.isFailed ?? false, statement != .rollBack, statement != .commit {
            return then(.failed(Self.raised(.inFailedTransaction, "current transaction is aborted")))
        }
        switch statement {
        case .begin:
            self.work = Work(beganAt: self.world.now)
            done(.done("BEGIN"))
        case .rollBack:
            self.endTransaction()
            done(.done("ROLLBACK"))
        case .commit:
            self.commit(then)
        case .settings:
            done(.done("SELECT 1"))
        case .enter(let entry):
            then(self.enter(entry, sql, parameters))
        case .insertReceipt(let ignoresConflict, let guardsID):
            guard let receipt = mission.flight.receipt else { preconditionFailure("\(mission.flight) has no receipt") }
            if guardsID, let error = self.server.guardID(receipt.id, isEntering: false) { return then(.failed(error)) }
            self.insert(.receipt(receipt.id), ignoresConflict: ignoresConflict, parameters, insert: { $0.receipt = receipt }, then: then)
        case .insertKey(let ignoresConflict):
            let name = Self.keyName(parameters)
            self.insert(.key(name), ignoresConflict: ignoresConflict, parameters, insert: { $0.key = name }, then: then)
        case .lookUpReceipts:
            done(.receipts([self.server.visible[parameters.job.id]].compactMap { $0 }))
        case .checkKey:
            let isTaken = self.server.visibleHolder(of: Self.keyName(parameters)) != nil
            done(.select(["bool"], isTaken ? [[true.postgresValue]] : []))
        case .lookUpKey:
            done(.holders([self.server.visibleHolder(of: Self.keyName(parameters))].compactMap { $0 }))
        case .position(.flushed):
            done(.position(self.server.flushed))
        case .position(.inserted):
            done(.position(self.server.inserted))
        case .endTwin:
            self.endTwin(sql, parameters)
            done(.done("SELECT 0"))
        case .state, .newestEpoch, .server:
            preconditionFailure("only readers ask that: \(sql.text)")
        }
    }

    private static func keyName(_ parameters: JobFlight.Parameters) -> String {
        "\(parameters.job.scope) \(parameters.key?.text ?? "")"
    }

    private func enter(_ entry: ModelStatement.Entry, _ sql: SQL, _ parameters: JobFlight.Parameters) -> StatementOutcome {
        let isOther = self.server.epoch != parameters.epoch || self.server.flushed < parameters.knownPosition
        if entry.checksEpoch, isOther { return .failed(Self.raised(Judgement.Raised.otherEpoch, "another epoch")) }
        if entry.guardsID, let error = self.server.guardID(parameters.job.id, isEntering: true) { return .failed(error) }
        var isLocked = true
        if let parameter = entry.lockParameter {
            isLocked = self.server.locks.take(.advisory(sql.binds[parameter].content?.bytes ?? []), self)
        }
        return .result(.select(["synchronous_commit", "locked"], [["on".postgresValue, isLocked.postgresValue]]))
    }

    /// A plain insert of a unique value: waits for whoever is inserting the same, then raises if it is there.
    private func insert(
        _ name: ModelLocks.Name, ignoresConflict: Bool, _ parameters: JobFlight.Parameters,
        insert: @escaping (inout WALRecord.Writes) -> Void, then: @escaping (StatementOutcome) -> Void
    ) {
        guard self.work != nil else { return then(.failed(Self.raised("25P01", "no transaction is open"))) }
        self.acquire(name, parameters.options) { [self] error in
            if let error { return then(.failed(error)) }
            // Unique means among all that is committed, whatever a snapshot shows.
            guard self.server.isTaken(name) else {
                if var work = self.work {
                    insert(&work.writes)
                    self.work = work
                }
                return then(.result(.done("INSERT 0 1")))
            }
            then(ignoresConflict ? .result(.done("INSERT 0 0")) : .failed(Self.raised(.uniqueViolation, "duplicate key")))
        }
    }

    private func commit(_ then: @escaping (StatementOutcome) -> Void) {
        guard let work = self.work, !work.isFailed else {
            self.endTransaction()
            return then(.result(.done("ROLLBACK")))
        }
        if work.breaksConstraint {
            self.endTransaction()
            return then(.failed(Self.raised(.uniqueViolation, "a deferred constraint")))
        }
        self.step { [self] in
            self.server.makeDurable(work.writes)
            self.step { [self] in
                self.server.makeVisible(work.writes)
                self.endTransaction()
                then(.result(.done("COMMIT")))
            }
        }
    }

    /// `pg_terminate_backend` for whoever has held the id's lock for longer than the job may run.
    private func endTwin(_ sql: SQL, _ parameters: JobFlight.Parameters) {
        // Its two halves stand in the statement; the lock is the one that `open` tries.
        let numbers = sql.binds.compactMap { $0.content?.bytes }.filter { $0.count == 8 }
        guard numbers.count >= 2 else { return }
        let lock = Array(numbers[0].suffix(4) + numbers[1].suffix(4))
        guard let holder = self.server.locks.holder(of: .advisory(lock)), holder !== self, let beganAt = holder.work?.beganAt,
            self.world.now - beganAt > parameters.options.timeout
        else { return }
        self.world.ledger.count("ended a twin")
        holder.terminate()
    }
}

extension JobFlight {
    /// The receipt that it stores.
    var receipt: Receipt? {
        switch self {
        case .commit(let receipt, _), .store(let receipt, _): receipt
        case .open, .lookUp, .rollBack: nil
        }
    }
}

extension ModelServer {
    /// `wherry.guarded`, with the default acceptance age and clock skew.
    func guardID(_ id: JobID, isEntering: Bool) -> PostgresError? {
        guard let minted = id.unixMilliseconds else { return nil }
        let now = self.unixMilliseconds
        if isEntering, minted < now - 86_400_000 { return ModelSession.raised(Judgement.Raised.outcomeNoLongerKnown, "too old") }
        if minted > now + 60_000 { return ModelSession.raised(Judgement.Raised.clockSkew, "in the future") }
        return nil
    }
}
