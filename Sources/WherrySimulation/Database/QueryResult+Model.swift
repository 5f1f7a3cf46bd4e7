import WherryCore
import WherryJobs
import WherryPostgres
import WherryWire

/// The answers of model databases, as libpq would hand them over.
extension QueryResult {
    static func select(_ names: [String], _ rows: [[PostgresValue]]) -> QueryResult {
        // Strings are sent without a type, and come back as text.
        let types = rows.first.map { $0.map { $0.type == .unspecified ? .text : $0.type } } ?? names.map { _ in .text }
        return QueryResult(columns: Array(zip(names, types)).map { (name: $0, type: $1) }, rows: rows, commandTag: "SELECT \(rows.count)")
    }

    static func done(_ commandTag: String) -> QueryResult {
        QueryResult(commandTag: commandTag)
    }

    static func position(_ position: LSN?) -> QueryResult {
        .select(["position"], [[position.postgresValue]])
    }

    /// Rows of `Receipt.lookUp`.
    static func receipts(_ receipts: [Receipt]) -> QueryResult {
        .select(Self.receiptColumns, receipts.map(Self.values(of:)))
    }

    /// Rows of `KeyHolder.lookUp`.
    static func holders(_ holders: [KeyHolder]) -> QueryResult {
        .select(
            ["key_job_name", "key_fingerprint"] + Self.receiptColumns,
            holders.map { [$0.jobName.postgresValue, $0.fingerprint.postgresValue] + Self.values(of: $0.receipt) })
    }

    /// A row of `EpochStore.newest`.
    static func epoch(_ epoch: Epoch?) -> QueryResult {
        .select(
            ["system_identifier", "timeline", "restore_counter", "random"],
            epoch.map {
                [
                    [
                        Int64(bitPattern: $0.systemIdentifier).postgresValue, Int32(bitPattern: $0.timeline).postgresValue,
                        Int32(bitPattern: $0.restoreCounter).postgresValue, Int64(bitPattern: $0.random).postgresValue,
                    ]
                ]
            } ?? [])
    }

    private static let receiptColumns = [
        "id", "outcome", "job_name", "job_version", "digest", "scope", "content_type", "payload", "failure_code", "failure_message",
        "attempts",
    ]

    private static func values(of receipt: Receipt) -> [PostgresValue] {
        [
            receipt.id.postgresValue, receipt.outcome.rawValue.postgresValue, receipt.job.name.postgresValue,
            Int32(clamping: receipt.job.version).postgresValue, receipt.job.digest.postgresValue, receipt.job.scope.postgresValue,
            receipt.contentType.postgresValue, receipt.payload.postgresValue, (receipt.failure?.code).postgresValue,
            (receipt.failure?.message).postgresValue, Int32(clamping: receipt.attempts).postgresValue,
        ]
    }
}
