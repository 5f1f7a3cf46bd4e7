/// How far something is.
package struct ProgressBar: Hashable, Sendable {
    package var title: String
    package var done: Int
    package var total: Int
    /// Of the bar, in cells.
    package var width: Int

    package init(title: String, done: Int = 0, total: Int, width: Int = 24) {
        self.title = title
        self.done = done
        self.total = total
        self.width = width
    }

    /// Between 0 and 1; something without a total is done from the start.
    package var share: Double {
        self.total > 0 ? min(1, max(0, Double(self.done) / Double(self.total))) : 1
    }

    /// One line: title, bar, count.
    package func line(titleWidth: Int, style: Style) -> String {
        let bar = Bar.draw(self.share, width: self.width)
        let track = String(repeating: "·", count: self.width - bar.count)
        return "\(Table.pad(self.title, to: titleWidth))  \(style(.cyan, bar))\(style(.dim, track))  \(self.done)/\(self.total)"
    }
}
