/// Text that is HTML. Whatever else is interpolated into it is escaped, so what visitors write stays text.
struct HTML: ExpressibleByStringInterpolation {
    let text: String

    init(stringLiteral value: String) {
        self.text = value
    }

    init(stringInterpolation: Interpolation) {
        self.text = stringInterpolation.text
    }

    struct Interpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        init(literalCapacity: Int, interpolationCount: Int) {
            self.text.reserveCapacity(literalCapacity)
        }

        mutating func appendLiteral(_ literal: String) {
            self.text += literal
        }

        mutating func appendInterpolation(_ value: some CustomStringConvertible) {
            for character in value.description {
                switch character {
                case "&": self.text += "&amp;"
                case "<": self.text += "&lt;"
                case ">": self.text += "&gt;"
                case "\"": self.text += "&quot;"
                case "'": self.text += "&#39;"
                default: self.text.append(character)
                }
            }
        }

        mutating func appendInterpolation(_ html: HTML) {
            self.text += html.text
        }

        mutating func appendInterpolation(_ parts: [HTML]) {
            for part in parts { self.text += part.text }
        }
    }
}
