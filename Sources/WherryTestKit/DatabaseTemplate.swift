/// What a test's database is a copy of: prepared once in a process, however many tests use it.
///
/// ```swift
/// extension DatabaseTemplate {
///     static let shop = DatabaseTemplate("shop") { database in
///         try await database.psql("CREATE TABLE item (id bigint PRIMARY KEY)")
///     }
/// }
/// ```
public struct DatabaseTemplate: Sendable {
    /// Its identity: two templates of one name are one, and the first that is used prepares it.
    public let name: String
    /// Fills its database; nil if there is nothing to fill.
    let prepare: (@Sendable (TestDatabase) async throws -> Void)?

    /// PostgreSQL's own empty database.
    public static let empty = DatabaseTemplate()

    /// - Parameters:
    ///   - name: letters, digits and underscores, at most 40.
    ///   - prepare: fills the database; must leave no connection open.
    /// - Precondition: the name is one.
    public init(_ name: String, prepare: @escaping @Sendable (TestDatabase) async throws -> Void) {
        precondition(
            !name.isEmpty && name.utf8.count <= 40 && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") },
            "a template's name is made of at most 40 letters, digits and underscores, not \"\(name)\"")
        self.name = name
        self.prepare = prepare
    }

    private init() {
        self.name = ""
        self.prepare = nil
    }

    /// The database to copy.
    var database: String {
        self.prepare == nil ? "template0" : "template_" + self.name.lowercased()
    }
}
