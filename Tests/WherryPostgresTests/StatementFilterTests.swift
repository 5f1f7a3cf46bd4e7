import Testing

@testable import WherryPostgres

@Suite("The filter before statements in a transaction")
struct StatementFilterTests {
    @Test(
        "refuses what leaves or weakens the transaction, however it is dressed",
        arguments: [
            "BEGIN", "begin", "START TRANSACTION", "COMMIT", "COMMIT AND CHAIN", "END", "ROLLBACK", "ROLLBACK TO SAVEPOINT a", "ABORT",
            "SAVEPOINT a", "RELEASE a", "PREPARE TRANSACTION 'a'", "SET TRANSACTION READ ONLY", "SET LOCAL TRANSACTION READ ONLY",
            "SET SESSION TRANSACTION READ ONLY", "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "DEALLOCATE ALL", "DISCARD ALL",
            "  \t\r\n\u{B}\u{C}COMMIT", ";;; ; COMMIT", "/* app=x */ COMMIT AND CHAIN", "/* a /* b */ c */ COMMIT", "-- x\nCOMMIT",
            "--\rCOMMIT",
            "/**/;--\n/* ; */COMMIT", "Commit;", "COMMIT--", "COMMIT/**/", "SET/**/TRANSACTION READ ONLY", "PREPARE -- x\n TRANSACTION 'a'",
            "SET SESSION SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
        ]
    )
    func refused(text: String) {
        let error = #expect(throws: PostgresError.self) { try StatementFilter.checkKeepsTransaction(SQL(unsafe: text)) }
        #expect(error?.code == .transactionControl)
    }

    @Test(
        "lets everything else through",
        arguments: [
            "", "   ", ";", "SELECT 1", "SELECT 'COMMIT'", "\"COMMIT\"", "COMMITTED", "/* COMMIT", "-- COMMIT", "SET LOCAL role = x",
            "SET SESSION AUTHORIZATION x", "SET statement_timeout = 0", "PREPARE a AS SELECT 1", "WITH x AS (SELECT 1) SELECT * FROM x",
            "(SELECT 1)",
            "INSERT INTO t VALUES ('ROLLBACK')", "ENDING", "SET LOCAL transaction_timeout = 1", "/ * x", "- - x",
        ]
    )
    func passed(text: String) throws {
        try StatementFilter.checkKeepsTransaction(SQL(unsafe: text))
    }

    @Test("refuses COPY", arguments: ["COPY t FROM STDIN", "/**/ copy (SELECT 1) TO STDOUT"])
    func copy(text: String) {
        let error = #expect(throws: PostgresError.self) { try StatementFilter.checkSupported(SQL(unsafe: text)) }
        #expect(error?.code == .unsupportedStatement)
    }
}
