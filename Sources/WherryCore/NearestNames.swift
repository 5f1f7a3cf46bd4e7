/// What somebody may have meant who wrote a name that nobody knows.
package enum NearestNames {
    /// A name further away than so many changed, missing or surplus characters was not meant.
    private static let maximumDistance = 4

    /// Up to three names that differ the least, the nearest first.
    package static func nearest(to name: String, in names: [String]) -> [String] {
        let limit = min(Self.maximumDistance, max(1, name.utf8.count / 3))
        var candidates: [(distance: Int, name: String)] = []
        for candidate in Set(names) {
            if let distance = Self.distance(Array(name.utf8), Array(candidate.utf8), limit: limit) {
                candidates.append((distance, candidate))
            }
        }
        return candidates.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(3).map(\.name)
    }

    /// The Levenshtein distance in bytes, or `nil` if it is above the limit: only the diagonal band that can stay below it is computed, so two
    /// hostile names of full length cost a few thousand steps.
    package static func distance(_ left: [UInt8], _ right: [UInt8], limit: Int) -> Int? {
        guard abs(left.count - right.count) <= limit else { return nil }
        var previous = (0...right.count).map { min($0, limit + 1) }
        for (row, byte) in left.enumerated() {
            var current = Array(repeating: limit + 1, count: right.count + 1)
            current[0] = min(row + 1, limit + 1)
            let band = max(0, row - limit)..<max(max(0, row - limit), min(right.count, row + limit + 1))
            for column in band {
                let replaced = previous[column] + (byte == right[column] ? 0 : 1)
                current[column + 1] = min(replaced, previous[column + 1] + 1, current[column] + 1, limit + 1)
            }
            previous = current
        }
        return previous[right.count] <= limit ? previous[right.count] : nil
    }
}
