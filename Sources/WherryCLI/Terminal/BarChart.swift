/// Amounts beside each other, the largest as wide as the chart.
package struct BarChart: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package var label: String
        package var amount: Double
        /// The amount as it is to be read.
        package var caption: String

        package init(label: String, amount: Double, caption: String) {
            self.label = label
            self.amount = amount
            self.caption = caption
        }
    }

    package var entries: [Entry]
    /// Of the longest bar, in cells.
    package var width: Int

    package init(_ entries: [Entry], width: Int = 40) {
        self.entries = entries
        self.width = width
    }

    package func lines(style: Style) -> [String] {
        let label = self.entries.map(\.label.count).max() ?? 0
        let largest = self.entries.map(\.amount).max() ?? 0
        return self.entries.map { entry in
            let bar = largest > 0 ? Bar.draw(entry.amount / largest, width: self.width) : ""
            return "\(Table.pad(entry.label, to: label))  \(style(.cyan, bar))\(bar.isEmpty ? "" : " ")\(entry.caption)"
        }
    }
}
