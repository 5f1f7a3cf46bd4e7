/// A horizontal bar of block characters, exact to an eighth of a cell.
package enum Bar {
    private static let eighths: [Character] = ["▏", "▎", "▍", "▌", "▋", "▊", "▉"]

    /// - Parameters:
    ///   - share: how much of the width is filled; outside 0…1 it is held within.
    ///   - width: in cells.
    /// - Returns: the filled part only. Anything above zero shows at least a sliver.
    package static func draw(_ share: Double, width: Int) -> String {
        guard share > 0, width > 0 else { return "" }
        let filled = max(1, Int((min(share, 1) * Double(width) * 8).rounded()))
        let whole = String(repeating: "█", count: filled / 8)
        return filled % 8 == 0 ? whole : whole + String(Self.eighths[filled % 8 - 1])
    }
}
