internal import CLibPQ

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// One `PGconn`, non-blocking and in pipeline mode: the calls that a connection needs, without a decision of its own.
///
/// SAFETY: Sendable, because it is handed on once: from the thread that made it to the loop. Both use it by turns, never at the same time.
@safe final class LibPQ: @unchecked Sendable {
    private var connection: OpaquePointer?
    private let notices = NoticeBox()
    private var parameters = ParameterBuffer()

    /// Begins to connect. May block: name resolution, password and certificate files.
    init(starting options: ConnectionOptions) {
        let pairs = options.pairs
        // SAFETY: libpq copies the strings, and finds the end of either list by its nil.
        var keywords = unsafe pairs.map { unsafe UnsafePointer(strdup($0.keyword)) } + [nil]
        var values = unsafe pairs.map { unsafe UnsafePointer(strdup($0.value)) } + [nil]
        defer { unsafe (keywords + values).forEach { unsafe free(UnsafeMutablePointer(mutating: $0)) } }
        unsafe self.connection = PQconnectStartParams(&keywords, &values, 0)
        // With the SQLSTATE in the message: for a failed connection libpq gives it nowhere else.
        unsafe PQsetErrorVerbosity(self.connection, PQERRORS_VERBOSE)
        unsafe PQsetNoticeReceiver(
            self.connection,
            { context, notice in
                guard let context = unsafe context, let notice = unsafe notice else { return }
                // SAFETY: the box lives as long as the connection, which calls this on the thread that uses both.
                let box = unsafe Unmanaged<NoticeBox>.fromOpaque(context).takeUnretainedValue()
                box.add(unsafe ResultStorage.error(in: notice))
            },
            Unmanaged.passUnretained(self.notices).toOpaque()
        )
    }

    deinit {
        self.finish()
    }

    /// Closes the connection. Idempotent.
    func finish() {
        unsafe PQfinish(self.connection)
        unsafe self.connection = nil
    }

    // MARK: Connecting

    /// What connecting waits for.
    enum Progress {
        case reading
        case writing
        case connected
        case failed
    }

    /// Goes on with connecting.
    func poll() -> Progress {
        switch unsafe PQconnectPoll(self.connection) {
        case PGRES_POLLING_READING: .reading
        case PGRES_POLLING_WRITING: .writing
        case PGRES_POLLING_OK: .connected
        default: .failed
        }
    }

    /// Whether connecting failed before it began.
    var isBad: Bool {
        unsafe PQstatus(self.connection) == CONNECTION_BAD
    }

    /// Turns non-blocking and pipeline mode on.
    func enterPipelineMode() -> Bool {
        unsafe PQsetnonblocking(self.connection, 1) == 0 && PQenterPipelineMode(self.connection) == 1
    }

    // MARK: What is known of it

    /// The socket; it stays the same once connected. -1 if there is none.
    var socket: CInt { unsafe PQsocket(self.connection) }
    var backendPID: Int32 { unsafe PQbackendPID(self.connection) }
    var isEncrypted: Bool { unsafe PQsslInUse(self.connection) != 0 }
    var errorMessage: String { unsafe String(cString: PQerrorMessage(self.connection)).trimmed }

    /// What the last Sync said.
    var transactionStatus: TransactionStatus {
        switch unsafe PQtransactionStatus(self.connection) {
        case PQTRANS_IDLE: .idle
        case PQTRANS_ACTIVE: .active
        case PQTRANS_INTRANS: .inTransaction
        case PQTRANS_INERROR: .failed
        default: .unknown
        }
    }

    /// Takes the notices that came since.
    func takeNotices() -> [PostgresError] {
        self.notices.take()
    }

    /// Frees `NOTIFY` messages, which nobody here listens for.
    func dropNotifications() {
        while let notification = unsafe PQnotifies(self.connection) { unsafe PQfreemem(notification) }
    }

    /// What it takes to cancel from any thread.
    func makeCancelRequest() -> CancelRequest? {
        unsafe PQgetCancel(self.connection).map { unsafe CancelRequest(taking: $0) }
    }

    // MARK: Sending; false if the connection is broken

    func prepare(_ name: String, _ sql: SQL) -> Bool {
        unsafe self.parameters.withTypes(of: sql.binds) { count, types in
            unsafe PQsendPrepare(self.connection, name, sql.text, count, types) == 1
        }
    }

    func execute(_ name: String, _ sql: SQL) -> Bool {
        unsafe self.parameters.withValues(of: sql.binds) { count, _, values, lengths, formats in
            unsafe PQsendQueryPrepared(self.connection, name, count, values, lengths, formats, 1) == 1
        }
    }

    func run(_ sql: SQL) -> Bool {
        unsafe self.parameters.withValues(of: sql.binds) { count, types, values, lengths, formats in
            unsafe PQsendQueryParams(self.connection, sql.text, count, types, values, lengths, formats, 1) == 1
        }
    }

    func sync() -> Bool {
        unsafe PQpipelineSync(self.connection) == 1
    }

    /// What is left to be written.
    enum FlushProgress {
        case done
        case more
        case failed
    }

    func flush() -> FlushProgress {
        switch unsafe PQflush(self.connection) {
        case 0: .done
        case 1: .more
        default: .failed
        }
    }

    // MARK: Receiving

    /// Reads what is there; false at the end of the stream or after an error. Answers that came before are still to be had.
    func consumeInput() -> Bool {
        unsafe PQconsumeInput(self.connection) == 1
    }

    /// Whether the next answer has not come yet.
    var isBusy: Bool {
        unsafe PQisBusy(self.connection) == 1
    }

    /// What came.
    enum Answer {
        case result(QueryResult)
        case failed(PostgresError)
        case aborted
        case sync
        /// `COPY`, which pipeline mode does not allow.
        case unexpected(String)
    }

    /// The next answer; `nil` between the answers of two statements. Only while not busy.
    func nextAnswer() -> Answer? {
        guard let result = unsafe PQgetResult(self.connection) else { return nil }
        let status = unsafe PQresultStatus(result)
        let storage = unsafe ResultStorage(taking: result)
        switch status {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: return .result(QueryResult(storage))
        case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE: return .failed(storage.error())
        case PGRES_PIPELINE_ABORTED: return .aborted
        case PGRES_PIPELINE_SYNC: return .sync
        default: return .unexpected(unsafe String(cString: PQresStatus(status)))
        }
    }
}
