import BulkImportJobs
import Foundation

/// Reads `examples/airports.csv`.
enum AirportsFile {
    /// A line that is no airport.
    struct InvalidLine: Error, CustomStringConvertible {
        var number: Int
        var text: String

        var description: String { "line \(self.number) is no airport: \(self.text)" }
    }

    static func read(_ path: String) throws -> [Airport] {
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(whereSeparator: \.isNewline)
        return try lines.enumerated().dropFirst().map { index, line in
            let fields = Self.fields(of: line)
            guard fields.count == 5, let latitude = Double(fields[3]), let longitude = Double(fields[4]) else {
                throw InvalidLine(number: index + 1, text: String(line))
            }
            return Airport(code: fields[0], city: fields[1], country: fields[2], latitude: latitude, longitude: longitude)
        }
    }

    /// Fields stand between commas; what stands between quotes is one field, commas and all. (The file has no quote within quotes.)
    private static func fields(of line: Substring) -> [String] {
        line.split(separator: "\"", omittingEmptySubsequences: false).enumerated().reduce(into: [""]) { fields, part in
            if part.offset.isMultiple(of: 2) {
                let pieces = part.element.split(separator: ",", omittingEmptySubsequences: false)
                fields[fields.count - 1] += pieces[0]
                fields += pieces.dropFirst().map(String.init)
            } else {
                fields[fields.count - 1] += part.element
            }
        }
    }
}
