package import Foundation

/// Reads `examples/airports.csv`: one header line, then one airport a line, fields as in RFC 4180.
package enum AirportFile {
    /// What is wrong with a file of airports, and where.
    package struct Flaw: Error, Hashable, CustomStringConvertible {
        /// Counted from 1, the header included; 0 when the file as a whole is meant.
        package var line: Int
        package var reason: String

        package var description: String {
            self.line == 0 ? self.reason : "line \(self.line): \(self.reason)"
        }
    }

    private static let header = ["iata", "city", "country", "latitude", "longitude"]

    /// - Throws: ``Flaw`` if the file is no such table; what Foundation says if it cannot be read.
    package static func read(_ file: URL) throws -> [Airport] {
        try self.parse(String(decoding: Data(contentsOf: file), as: UTF8.self))
    }

    package static func parse(_ text: String) throws(Flaw) -> [Airport] {
        var airports: [Airport] = []
        var codes: Set<String> = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() where !line.isEmpty {
            let fields = try self.fields(of: line, number: index + 1)
            if index == 0 {
                guard fields == self.header else {
                    throw Flaw(line: 1, reason: "the header should be \(self.header.joined(separator: ","))")
                }
                continue
            }
            let airport = try self.airport(fields, number: index + 1)
            guard codes.insert(airport.code).inserted else { throw Flaw(line: index + 1, reason: "\(airport.code) stands here twice") }
            airports.append(airport)
        }
        guard !airports.isEmpty else { throw Flaw(line: 0, reason: "no airports in it") }
        return airports
    }

    private static func airport(_ fields: [String], number: Int) throws(Flaw) -> Airport {
        guard fields.count == self.header.count else {
            throw Flaw(line: number, reason: "\(fields.count) fields instead of \(self.header.count)")
        }
        guard fields[0].count == 3, fields[0].allSatisfy({ ("A"..."Z").contains($0) }) else {
            throw Flaw(line: number, reason: "\"\(fields[0])\" is no IATA code")
        }
        guard let latitude = Double(fields[3]), (-90...90).contains(latitude) else {
            throw Flaw(line: number, reason: "\"\(fields[3])\" is no latitude")
        }
        guard let longitude = Double(fields[4]), (-180...180).contains(longitude) else {
            throw Flaw(line: number, reason: "\"\(fields[4])\" is no longitude")
        }
        return Airport(code: fields[0], city: fields[1], country: fields[2], latitude: latitude, longitude: longitude)
    }

    /// Splits a line at its commas; a field in double quotes may hold commas, and quotes doubled. (Not line breaks: no airport has one.)
    private static func fields(of line: Substring, number: Int) throws(Flaw) -> [String] {
        var fields: [String] = []
        var field = ""
        var rest = line
        while true {
            if rest.first == "\"" {
                rest.removeFirst()
                repeat {
                    guard let end = rest.firstIndex(of: "\"") else { throw Flaw(line: number, reason: "a quote is never closed") }
                    field += rest[..<end]
                    rest = rest[end...].dropFirst()
                    if rest.first == "\"" { field += "\"" }
                } while rest.popFirst(if: "\"")
            } else {
                let end = rest.firstIndex(of: ",") ?? rest.endIndex
                field += rest[..<end]
                rest = rest[end...]
            }
            fields.append(field)
            field = ""
            if rest.isEmpty { return fields }
            guard rest.removeFirst() == "," else { throw Flaw(line: number, reason: "text after a closing quote") }
        }
    }
}

extension Substring {
    /// Takes the first character away if it is this one, and says whether it was.
    fileprivate mutating func popFirst(if wanted: Character) -> Bool {
        guard self.first == wanted else { return false }
        self.removeFirst()
        return true
    }
}
