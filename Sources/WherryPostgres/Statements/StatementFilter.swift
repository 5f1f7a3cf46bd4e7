/// Which statements are refused unsent, judged by the words that they begin with.
///
/// Several statements in one string need no filter: the extended protocol refuses them (42601), whatever they begin with.
enum StatementFilter {
    /// `COPY` moves data outside of the results, which pipeline mode does not allow (libpq manual, "Pipeline Mode").
    static func checkSupported(_ sql: SQL) throws(PostgresError) {
        var scanner = SQLScanner(sql.text)
        if scanner.nextWord() == "COPY" {
            throw PostgresError(
                .unsupportedStatement,
                "COPY cannot be sent: connections are in pipeline mode",
                hint: "Insert many rows by SELECT … FROM unnest($1, $2)."
            )
        }
    }

    /// Refuses what would leave or weaken the transaction that it runs in (correctness.md, rule 26).
    static func checkKeepsTransaction(_ sql: SQL) throws(PostgresError) {
        var scanner = SQLScanner(sql.text)
        guard let first = scanner.nextWord() else { return }
        var refused: String?
        switch first {
        case "BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE", "DEALLOCATE", "DISCARD":
            refused = first
        case "PREPARE":
            if scanner.nextWord() == "TRANSACTION" { refused = "PREPARE TRANSACTION" }
        case "SET":
            // The grammar lets SESSION or LOCAL stand before TRANSACTION and before SESSION CHARACTERISTICS.
            var word = scanner.nextWord()
            var next = scanner.nextWord()
            if word == "LOCAL" || word == "SESSION", next == "TRANSACTION" || next == "SESSION" {
                (word, next) = (next, scanner.nextWord())
            }
            if word == "TRANSACTION" { refused = "SET TRANSACTION" }
            if word == "SESSION", next == "CHARACTERISTICS" { refused = "SET SESSION CHARACTERISTICS" }
        default:
            break
        }
        if let refused {
            throw PostgresError(
                .transactionControl,
                "\(refused) cannot be sent here: the transaction is begun and ended for you",
                hint: refused == "SAVEPOINT" || refused == "RELEASE" || refused == "ROLLBACK"
                    ? "Use withSavepoint; to roll back, throw an error." : nil
            )
        }
    }
}
