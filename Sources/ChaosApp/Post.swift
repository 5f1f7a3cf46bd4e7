import Foundation
import Wherry

/// Causal tokens that go from one process to another, by files.
struct Post: Sendable {
    /// Whoever reads with the token must see the list up to the number.
    struct Letter: Codable, Sendable {
        var list: String
        var number: Int
        var token: CausalToken
    }

    let folder: String

    /// Leaves a letter in the place of the sender's last one.
    func leave(_ letter: Letter, from sender: String) throws {
        // By renaming: nobody reads half of it, and a process that is killed leaves none.
        try JSONEncoder().encode(letter).write(to: URL(filePath: "\(self.folder)/\(sender)"), options: .atomic)
    }

    /// Somebody's last letter; `nil` if there is none.
    func take(using generator: inout some RandomNumberGenerator) throws -> Letter? {
        let names = try FileManager.default.contentsOfDirectory(atPath: self.folder).filter { !$0.hasPrefix(".") }.sorted()
        // It may be in the middle of being replaced, which leaves another file for a moment.
        guard let name = names.randomElement(using: &generator),
            let data = try? Data(contentsOf: URL(filePath: "\(self.folder)/\(name)"))
        else { return nil }
        return try? JSONDecoder().decode(Letter.self, from: data)
    }
}
