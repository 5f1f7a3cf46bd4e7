/// As much of PostgreSQL's lexical structure (manual, section 4.1) as it takes to find the words that a statement begins with, and its
/// parameters.
struct SQLScanner {
    private var rest: Substring.UTF8View

    init(_ text: String) {
        self.rest = text[...].utf8
    }

    /// The next word in upper case, after white space, semicolons and comments; `nil` if something else comes, or nothing.
    mutating func nextWord() -> String? {
        self.skipBlanks()
        let word = self.rest.prefix(while: \.isWordByte)
        if word.isEmpty { return nil }
        self.rest = self.rest[word.endIndex...]
        return String(Substring(word)).uppercased()
    }

    /// Skips what may stand before a statement: white space, semicolons, `-- …` and `/* … /* … */ … */`.
    private mutating func skipBlanks() {
        while let byte = self.rest.first {
            switch byte {
            case 0x09...0x0D, UInt8(ascii: " "), UInt8(ascii: ";"): self.rest.removeFirst()
            default: if !self.skipComment() { return }
            }
        }
    }

    /// - Returns: false if there is no comment here.
    private mutating func skipComment() -> Bool {
        if self.rest.starts(with: "--".utf8) {
            self.rest = self.rest.drop { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
            return true
        }
        guard self.rest.starts(with: "/*".utf8) else { return false }
        var depth = 0
        repeat {
            if self.rest.starts(with: "/*".utf8) {
                depth += 1
                self.rest = self.rest.dropFirst(2)
            } else if self.rest.starts(with: "*/".utf8) {
                depth -= 1
                self.rest = self.rest.dropFirst(2)
            } else {
                self.rest = self.rest.dropFirst()
            }
        } while depth > 0 && !self.rest.isEmpty
        return true
    }

    // MARK: Parameters

    /// Raises the number of every parameter in a statement; leaves alone what only looks like one in quotes and comments.
    static func renumber(_ text: String, by offset: Int) -> String {
        var scanner = SQLScanner(text)
        var result = ""
        var previousIsWord = false
        while let byte = scanner.rest.first {
            let before = scanner.rest
            if !previousIsWord, let number = scanner.takeParameter() {
                result += "$\(number + offset)"
                continue
            }
            if !scanner.skipComment(), !scanner.skipQuoted(previousIsWord: previousIsWord) { scanner.rest = scanner.rest.dropFirst() }
            let isSingle = scanner.rest.startIndex == before.index(after: before.startIndex)
            previousIsWord = isSingle && byte.isWordByte
            result += String(Substring(before[..<scanner.rest.startIndex]))
        }
        return result
    }

    /// Takes `$17`.
    private mutating func takeParameter() -> Int? {
        guard self.rest.first == UInt8(ascii: "$") else { return nil }
        let digits = self.rest.dropFirst().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard let number = Int(Substring(digits)) else { return nil }
        self.rest = self.rest[digits.endIndex...]
        return number
    }

    /// Skips `'…'`, `E'…'`, `"…"`, `$tag$…$tag$`.
    ///
    /// - Returns: false if nothing of the kind begins here.
    private mutating func skipQuoted(previousIsWord: Bool) -> Bool {
        switch self.rest.first {
        case UInt8(ascii: "E") where !previousIsWord, UInt8(ascii: "e") where !previousIsWord:
            guard self.rest.dropFirst().first == UInt8(ascii: "'") else { return false }
            self.rest = self.rest.dropFirst()
            self.skip(until: UInt8(ascii: "'"), escapes: true)
        case UInt8(ascii: "'"): self.skip(until: UInt8(ascii: "'"), escapes: false)
        case UInt8(ascii: "\""): self.skip(until: UInt8(ascii: "\""), escapes: false)
        case UInt8(ascii: "$") where !previousIsWord:
            let tag = self.rest.dropFirst().prefix { $0.isWordByte && $0 != UInt8(ascii: "$") }
            guard self.rest[tag.endIndex...].first == UInt8(ascii: "$") else { return false }
            let delimiter = self.rest[self.rest.startIndex...tag.endIndex]
            self.rest = self.rest.dropFirst(delimiter.count)
            while !self.rest.isEmpty, !self.rest.starts(with: delimiter) { self.rest = self.rest.dropFirst() }
            self.rest = self.rest.dropFirst(delimiter.count)
        default: return false
        }
        return true
    }

    /// Skips a quoted run. A doubled quote ends one run and begins the next, which comes to the same.
    private mutating func skip(until quote: UInt8, escapes: Bool) {
        self.rest = self.rest.dropFirst()
        while let byte = self.rest.first, byte != quote {
            self.rest = self.rest.dropFirst(escapes && byte == UInt8(ascii: "\\") ? 2 : 1)
        }
        self.rest = self.rest.dropFirst()
    }
}

extension UInt8 {
    /// Whether it can stand in the middle of an identifier.
    fileprivate var isWordByte: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"), UInt8(ascii: "$"), 0x80...:
            true
        default: false
        }
    }
}
