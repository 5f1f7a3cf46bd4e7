/// One row of the file, and of the table.
package struct Airport: Codable, Sendable {
    /// IATA code, three letters.
    package var code: String
    package var city: String
    /// ISO 3166-1 code, two letters.
    package var country: String
    /// Degrees, north positive.
    package var latitude: Double
    /// Degrees, east positive.
    package var longitude: Double

    package init(code: String, city: String, country: String, latitude: Double, longitude: Double) {
        self.code = code
        self.city = city
        self.country = country
        self.latitude = latitude
        self.longitude = longitude
    }
}
