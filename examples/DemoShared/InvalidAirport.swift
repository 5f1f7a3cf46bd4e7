/// Why an airport was refused: travels home in the job's error.
package struct InvalidAirport: Codable, Hashable, Sendable, CustomStringConvertible {
    package var code: String
    package var latitude: Double
    package var longitude: Double

    package init(_ airport: Airport) {
        self.code = airport.code
        self.latitude = airport.latitude
        self.longitude = airport.longitude
    }

    package var description: String {
        "\(self.code) is nowhere on Earth: latitude \(self.latitude), longitude \(self.longitude)"
    }
}
