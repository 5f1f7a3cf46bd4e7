import DemoShared
import Foundation
import Testing

@Suite("The file of airports")
struct AirportFileTests {
    private static let header = "iata,city,country,latitude,longitude\n"

    @Test("The file in examples has hundreds of airports, Sydney and Los Angeles among them")
    func realFile() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let airports = try AirportFile.read(root.appending(path: "examples/airports.csv"))
        #expect(airports.count >= 200)
        #expect(Set(airports.map(\.code)).isSuperset(of: ["SYD", "LAX"]))
        #expect(Set(airports.map(\.country)).count > 100)
        #expect(airports.allSatisfy { !$0.city.isEmpty && $0.country.count == 2 })
        #expect(airports.first { $0.code == "IST" }?.city == "Arnavutköy, Istanbul")
    }

    @Test("A field in quotes may hold commas and quotes")
    func quotes() throws {
        let airports = try AirportFile.parse(Self.header + "XXA,\"a, \"\"b\"\"\",AA,1.5,-2\nXXB,\"\",AA,0,0\n")
        #expect(airports.map(\.city) == ["a, \"b\"", ""])
        #expect(airports[0].longitude == -2)
    }

    @Test("Windows line ends do no harm")
    func carriageReturns() throws {
        #expect(try AirportFile.parse("iata,city,country,latitude,longitude\r\nXXA,a,AA,1,2\r\n").count == 1)
    }

    /// A line that stands after a good header and a good line, so it is line 3.
    @Test(
        "Whatever is wrong in a line is told with its number",
        arguments: [
            "XXA,a,AA,1", "XXA,a,AA,1,2,3", "xx1,a,AA,1,2", "XXA,a,AA,91,2", "XXA,a,AA,1,east", "XXA,a,AA,1,nan", "XXA,\"a,AA,1,2",
            "XXA,\"a\"b,AA,1,2", "SYD,again,AU,1,2",
        ])
    func badLine(line: String) {
        let text = Self.header + "SYD,Sydney,AU,-33.9,151.2\n" + line + "\n"
        #expect { try AirportFile.parse(text) } throws: { ($0 as? AirportFile.Flaw)?.line == 3 }
    }

    @Test(
        "A file without airports, or with another header, is no file of airports",
        arguments: [
            ("", 0), (AirportFileTests.header, 0), ("code,city\nSYD,Sydney", 1),
        ])
    func badFile(text: String, line: Int) {
        #expect { try AirportFile.parse(text) } throws: { ($0 as? AirportFile.Flaw)?.line == line }
    }
}
