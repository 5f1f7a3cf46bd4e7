/// Why the demo came to no end.
struct DemoError: Error, CustomStringConvertible {
    /// What happened and what to do.
    var message: String
    /// What a process said last, if that helps.
    var lastWords: [String] = []

    init(_ message: String, lastWords: [String] = []) {
        self.message = message
        self.lastWords = lastWords
    }

    var description: String {
        ([self.message] + self.lastWords.map { "  | \($0)" }).joined(separator: "\n")
    }
}
