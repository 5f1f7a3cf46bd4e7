/// The privileges that Wherry's roles need. Owners need none: they have them.
package enum Grants {
    /// For a worker's role: it inserts and reads receipts, epochs and keys, and nothing else of Wherry's.
    ///
    /// - Parameter role: the role's name as in `CREATE ROLE`, not quoted.
    package static func worker(_ role: String) -> [String] {
        let role = Self.quoted(role)
        return [
            "GRANT USAGE ON SCHEMA wherry TO \(role)",
            "GRANT SELECT, INSERT ON wherry.receipts, wherry.epochs, wherry.keys TO \(role)",
            "GRANT SELECT ON wherry.settings TO \(role)",
        ]
    }

    /// For an app's role on a replica: it looks receipts and epochs up.
    ///
    /// - Parameter role: the role's name as in `CREATE ROLE`, not quoted.
    package static func app(_ role: String) -> [String] {
        let role = Self.quoted(role)
        return ["GRANT USAGE ON SCHEMA wherry TO \(role)", "GRANT SELECT ON wherry.receipts, wherry.epochs TO \(role)"]
    }

    private static func quoted(_ name: String) -> String {
        "\"" + name.replacing("\"", with: "\"\"") + "\""
    }
}
