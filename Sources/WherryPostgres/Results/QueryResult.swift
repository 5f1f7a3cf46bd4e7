/// What a statement gave.
public struct QueryResult: Sendable {
    /// Its rows; none for a statement that returns none.
    public let rows: Rows
    /// What the server says that it did, for example `INSERT 0 1`. A failed transaction's `COMMIT` says `ROLLBACK`.
    public let commandTag: String

    init(_ storage: ResultStorage) {
        self.rows = Rows(storage: storage)
        self.commandTag = storage.commandTag
    }

    /// Makes a result without a server: what tests and the simulation answer with.
    ///
    /// - Parameters:
    ///   - columns: name and type of each.
    ///   - rows: each with as many values as there are columns.
    package init(columns: [(name: String, type: PostgresType)] = [], rows: [[PostgresValue]] = [], commandTag: String) {
        self.rows = Rows(storage: ResultStorage(columns: columns, rows: rows))
        self.commandTag = commandTag
    }

    /// How many rows were inserted, changed, deleted or read; 0 for statements that do not count.
    public var affectedRows: Int {
        self.commandTag.split(separator: " ").last.flatMap { Int($0) } ?? 0
    }
}
