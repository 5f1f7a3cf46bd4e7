/// How text stands out: by escape codes on a terminal, and not at all elsewhere.
package struct Style: Hashable, Sendable {
    /// ECMA-48, "select graphic rendition".
    package enum Rendition: Int, Sendable {
        case bold = 1
        case dim = 2
        case red = 31
        case green = 32
        case yellow = 33
        case cyan = 36
    }

    package var isColoured: Bool

    package init(isColoured: Bool) {
        self.isColoured = isColoured
    }

    /// For a given output: coloured only on a terminal, and not where `NO_COLOR` (no-color.org) forbids it.
    package init(isTerminal: Bool, environment: [String: String]) {
        let forbidden = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
        self.isColoured = isTerminal && !forbidden
    }

    package func callAsFunction(_ rendition: Rendition, _ text: String) -> String {
        self.isColoured ? "\u{1B}[\(rendition.rawValue)m\(text)\u{1B}[0m" : text
    }
}
