import Foundation
import WherryMigrations

/// The privileges that a list of `GRANT` statements gives: what ``Grants`` says is needed, in a form that can be compared.
struct GrantedPrivileges: Hashable, Sendable {
    /// By name without the schema; the schema itself is `wherry`.
    private(set) var byObject: [String: Set<String>] = [:]
    /// The statements, for advice.
    private(set) var statements: [String]

    /// For a worker's role or an app's.
    init(for role: DatabaseRole, name: String) {
        switch role {
        case .worker: self.init(statements: Grants.worker(name))
        case .app: self.init(statements: Grants.app(name))
        }
    }

    /// Reads `GRANT a, b ON [TABLE] wherry.x, wherry.y TO role` and `GRANT USAGE ON SCHEMA wherry TO role`. Others are left out of account.
    init(statements: [String]) {
        self.statements = statements
        for statement in statements {
            guard statement.hasPrefix("GRANT "), let on = statement.range(of: " ON "), let to = statement.range(of: " TO ") else {
                continue
            }
            let privileges = Self.list(statement[statement.index(statement.startIndex, offsetBy: 6)..<on.lowerBound])
            var objects = statement[on.upperBound..<to.lowerBound]
            for word in ["SCHEMA ", "TABLE "] where objects.hasPrefix(word) { objects.removeFirst(word.count) }
            guard !objects.hasPrefix("FUNCTION"), !objects.hasPrefix("SEQUENCE") else { continue }
            for object in Self.list(objects) {
                let name = object.hasPrefix("wherry.") ? String(object.dropFirst(7)) : object
                self.byObject[name, default: []].formUnion(privileges)
            }
        }
    }

    private static func list(_ text: Substring) -> [String] {
        text.split(separator: ",").map { $0.trimming(while: { $0 == " " }) }
    }

    /// What of it is not held, as `INSERT on receipts`.
    func missing(from held: [String: Set<String>]) -> [String] {
        Self.difference(self.byObject, held)
    }

    /// What is held and not needed.
    func surplus(in held: [String: Set<String>]) -> [String] {
        Self.difference(held, self.byObject)
    }

    private static func difference(_ left: [String: Set<String>], _ right: [String: Set<String>]) -> [String] {
        left.sorted { $0.key < $1.key }.compactMap { object, privileges in
            let rest = privileges.subtracting(right[object] ?? [])
            return rest.isEmpty ? nil : "\(rest.sorted().joined(separator: ", ")) on \(object)"
        }
    }
}

/// Whose role a connection has.
enum DatabaseRole: String, Hashable, Sendable, CaseIterable {
    case worker
    case app
}

extension Substring {
    fileprivate func trimming(while predicate: (Character) -> Bool) -> String {
        String(self.drop(while: predicate).reversed().drop(while: predicate).reversed())
    }
}
