package import FoundationEssentials
package import WherryPostgres

/// What a statement of ``ExecuteStatement`` gave.
package struct ExecutedStatement: Codable, Hashable, Sendable {
    package struct Column: Codable, Hashable, Sendable {
        package var name: String
        /// Its OID.
        package var type: UInt32
    }

    /// How many rows it touched, or returned.
    package var affectedRows: Int
    /// Of the rows; empty if there are none, or if they were not wanted.
    package var columns: [Column]
    /// Cells in PostgreSQL's binary form, base64 in JSON; `nil` for NULL.
    package var rows: [[Data?]]

    /// - Throws: never for what a server answered.
    package init(_ result: QueryResult, returnsRows: Bool) throws(PostgresError) {
        self.affectedRows = result.affectedRows
        self.columns = []
        self.rows = []
        guard returnsRows, let first = result.rows.first else { return }
        for (index, name) in first.columnNames.enumerated() {
            self.columns.append(Column(name: name, type: try first.cell(index).type.rawValue))
        }
        for row in result.rows {
            var cells: [Data?] = []
            for index in 0..<row.count { cells.append(try row.cell(index).bytes.map { Data($0) }) }
            self.rows.append(cells)
        }
    }

    /// The rows, to be decoded like those of a query.
    ///
    /// - Throws: ``JobError`` `undecodableResult` if it is no result.
    package func makeRows() throws(JobError) -> Rows {
        guard self.rows.allSatisfy({ $0.count == self.columns.count }) else {
            throw JobError(.undecodableResult, "the worker sent rows that do not fit their columns", jobName: ExecuteStatement.name)
        }
        let columns = self.columns.map { (name: $0.name, type: PostgresType(rawValue: $0.type)) }
        var rows: [[PostgresValue]] = []
        for row in self.rows {
            var values: [PostgresValue] = []
            for (cell, column) in zip(row, columns) {
                if let cell { values.append(.binary(Array(cell), as: column.type)) } else { values.append(.null(as: column.type)) }
            }
            rows.append(values)
        }
        return QueryResult(columns: columns, rows: rows, commandTag: "SELECT \(rows.count)").rows
    }

    /// Decodes the rows; the statement has committed whatever comes of that.
    package func decode<Result>(_ body: (Rows) throws(PostgresError) -> Result) throws(JobError) -> Result {
        let rows = try self.makeRows()
        do throws(PostgresError) {
            return try body(rows)
        } catch {
            throw JobError(
                .undecodableResult, "the statement was executed, but its rows do not decode: \(error.message)",
                jobName: ExecuteStatement.name,
                cause: error)
        }
    }
}
