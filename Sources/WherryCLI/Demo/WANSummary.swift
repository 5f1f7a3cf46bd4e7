/// The ocean between the two regions.
package struct WANSummary: Codable, Hashable, Sendable {
    /// IATA codes of the cities.
    package var primary: String
    package var replica: String
    package var kilometres: Double
    /// What was added to every message, there and back.
    package var roundTripMilliseconds: Double
    /// By how much each way may take longer.
    package var jitterMilliseconds: Double

    package init(primary: String, replica: String, kilometres: Double, roundTripMilliseconds: Double, jitterMilliseconds: Double) {
        self.primary = primary
        self.replica = replica
        self.kilometres = kilometres
        self.roundTripMilliseconds = roundTripMilliseconds
        self.jitterMilliseconds = jitterMilliseconds
    }
}
