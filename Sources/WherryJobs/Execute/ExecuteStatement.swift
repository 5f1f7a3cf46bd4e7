package import FoundationEssentials
package import WherryPostgres

/// One statement as a job: what `client.execute` sends to a worker that offers it.
package struct ExecuteStatement: Job {
    package static let name = "wherry.execute"
    package typealias Output = ExecutedStatement

    /// The statement, with `$1`, `$2` and so on for its parameters.
    package var text: String
    package var binds: [Bind]
    /// Whether its rows are wanted, or only how many it touched.
    package var returnsRows: Bool

    /// A parameter: NULL if it has neither form.
    package struct Bind: Codable, Hashable, Sendable {
        /// The OID that the server is told.
        package var type: UInt32
        /// PostgreSQL's text form.
        package var text: String?
        /// PostgreSQL's binary form; base64 in JSON.
        package var binary: Data?
    }

    /// - Throws: for a statement that a transaction would not send; it is checked once more in the worker.
    package init(_ statement: SQL, returnsRows: Bool) throws(PostgresError) {
        try statement.checkFitsTransaction()
        self.text = statement.text
        self.binds = statement.binds.map(Bind.init)
        self.returnsRows = returnsRows
    }

    package var statement: SQL {
        SQL(unsafe: self.text, binds: self.binds.map(\.value))
    }
}

extension ExecuteStatement.Bind {
    fileprivate init(_ value: PostgresValue) {
        self.type = value.type.rawValue
        guard let content = value.content else { return }
        if content.isBinary {
            self.binary = Data(content.bytes)
        } else {
            self.text = String(decoding: content.bytes, as: UTF8.self)
        }
    }

    fileprivate var value: PostgresValue {
        let type = PostgresType(rawValue: self.type)
        if let binary { return .binary(Array(binary), as: type) }
        return self.text.map { .text($0, as: type) } ?? .null(as: type)
    }
}

extension ExecuteStatement {
    /// Runs a statement through whoever calls jobs.
    ///
    /// - Parameter call: calls the job: a client, or a session.
    /// - Throws: ``JobError``: `statementRefused` for a statement that is not sent at all; `handlerFailed` with what the server said as its
    ///   ``JobError/cause``.
    package static func run(
        _ statement: SQL, returnsRows: Bool, call: (ExecuteStatement) async throws(JobError) -> ExecutedStatement
    ) async throws(JobError) -> ExecutedStatement {
        let job: ExecuteStatement
        do {
            job = try ExecuteStatement(statement, returnsRows: returnsRows)
        } catch {
            let hint = error.hint.map { ". \($0)" } ?? ""
            throw JobError(.statementRefused, "\(error.message)\(hint)", jobName: Self.name, cause: error)
        }
        do {
            return try await call(job)
        } catch {
            throw Self.explain(error)
        }
    }

    private static func explain(_ error: JobError) -> JobError {
        var error = error
        if error.code == .handlerFailed, let failure = try? error.payload(as: StatementFailure.self) {
            error.cause = failure.error
        }
        if error.code == .unknownJob {
            error.message = """
                execute is switched off: no worker of the primary's region offers it. Write a job for what you want to do, or switch it on \
                there (Worker.Configuration.executesStatements, WHERRY_EXECUTE=on)
                """
        }
        return error
    }
}
