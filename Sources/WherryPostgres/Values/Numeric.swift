/// PostgreSQL's `numeric`, read from its binary form: what `sum(bigint)` gives, for one.
///
/// The form (`numeric_send` in the server's `numeric.c`): four 16-bit numbers (count of digits, weight of the first, sign, digits to display
/// after the point), then the digits to base 10,000.
struct Numeric: Hashable, Sendable, CustomStringConvertible {
    /// The value, written as PostgreSQL writes it: `-12.340`, `NaN`, `Infinity`.
    let description: String

    private static let negative: UInt16 = 0x4000
    private static let names: [UInt16: String] = [0xC000: "NaN", 0xD000: "Infinity", 0xF000: "-Infinity"]

    /// Reads the binary form; `nil` if it is malformed.
    init?(bytes: [UInt8]) {
        guard bytes.count >= 8, bytes.count.isMultiple(of: 2) else { return nil }
        let words = stride(from: 0, to: bytes.count, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
        if let name = Self.names[words[2]] {
            self.description = name
            return
        }
        let digits = words.dropFirst(4).map(Int.init)
        let weight = Int(Int16(bitPattern: words[1]))
        let scale = Int(words[3])
        guard words[2] == 0 || words[2] == Self.negative, digits.count == Int(words[0]), digits.allSatisfy((0..<10_000).contains) else {
            return nil
        }
        /// The four decimal digits of one place; places that are not stored are zero.
        func place(_ index: Int) -> String {
            let text = String(digits.indices.contains(index) ? digits[index] : 0)
            return String(repeating: "0", count: 4 - text.count) + text
        }
        var whole = weight < 0 ? "0" : (0...weight).map(place).joined()
        whole = String(whole.drop { $0 == "0" })
        if whole.isEmpty { whole = "0" }
        var text = (words[2] == Self.negative ? "-" : "") + whole
        if scale > 0 {
            let places = (0..<(scale + 3) / 4).map { place(weight + 1 + $0) }
            text += "." + places.joined().prefix(scale)
        }
        self.description = text
    }
}
