/// Rows of text in columns.
package struct Table: Hashable, Sendable {
    package enum Alignment: Hashable, Sendable { case left, right }

    package struct Column: Hashable, Sendable {
        package var title: String
        package var alignment: Alignment

        package init(_ title: String, _ alignment: Alignment = .left) {
            self.title = title
            self.alignment = alignment
        }
    }

    package var columns: [Column]
    package private(set) var rows: [[String]] = []

    package init(_ columns: [Column]) {
        self.columns = columns
    }

    /// - Precondition: as many cells as columns.
    package mutating func append(_ cells: [String]) {
        precondition(cells.count == self.columns.count, "a row needs one cell for each column")
        self.rows.append(cells)
    }

    /// The lines, without spaces at their ends: titles, a rule, the rows.
    package func lines(style: Style) -> [String] {
        let widths = self.columns.indices.map { index in
            max(self.columns[index].title.count, self.rows.map { $0[index].count }.max() ?? 0)
        }
        func line(_ cells: [String]) -> String {
            let padded = cells.indices.map { Self.pad(cells[$0], to: widths[$0], self.columns[$0].alignment) }
            return padded.joined(separator: "   ").trimmingTrailingSpaces
        }
        return [
            style(.bold, line(self.columns.map(\.title))),
            style(.dim, widths.map { String(repeating: "─", count: $0) }.joined(separator: "   ").trimmingTrailingSpaces),
        ] + self.rows.map(line)
    }

    /// The text with spaces before or behind it; longer text stays as it is.
    package static func pad(_ text: String, to width: Int, _ alignment: Alignment = .left) -> String {
        let spaces = String(repeating: " ", count: max(0, width - text.count))
        return alignment == .left ? text + spaces : spaces + text
    }
}

extension String {
    fileprivate var trimmingTrailingSpaces: String {
        String(self.reversed().drop { $0 == " " }.reversed())
    }
}
