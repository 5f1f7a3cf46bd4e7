/// The times that a partition of the receipts spans.
struct PartitionBound: Hashable, Sendable {
    /// In seconds since 1970.
    var from: Double
    var to: Double

    /// Reads what `pg_get_expr` says: `FOR VALUES FROM ('0190…') TO ('0190…')`; `nil` for anything else.
    init?(_ expression: String) {
        let ids: [Substring] = expression.split(separator: "'").filter { $0.count == 36 }
        guard ids.count == 2, let from = Self.time(in: ids[0]), let to = Self.time(in: ids[1]) else { return nil }
        self.from = from
        self.to = to
    }

    /// A UUIDv7 begins with 48 bits of milliseconds (RFC 9562, section 5.7).
    private static func time(in id: Substring) -> Double? {
        Int64(id.filter { $0 != "-" }.prefix(12), radix: 16).map { Double($0) / 1000 }
    }
}
