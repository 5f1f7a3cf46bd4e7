import Testing
import WherryCLI

@Suite("Distance and delay")
struct DistanceTests {
    private static let sydney = Coordinate(latitude: -33.9461, longitude: 151.1770)
    private static let losAngeles = Coordinate(latitude: 33.9425, longitude: -118.4080)

    @Test(
        "Great circles have the lengths that geographers give them",
        arguments: [
            (DistanceTests.sydney, DistanceTests.losAngeles, 12_051.0),  // across the date line
            (Coordinate(latitude: 51.4706, longitude: -0.4619), Coordinate(latitude: 40.6398, longitude: -73.7789), 5_540.0),
            (Coordinate(latitude: 0, longitude: 0), Coordinate(latitude: 0, longitude: 90), 10_007.5),
            (Coordinate(latitude: 90, longitude: 0), Coordinate(latitude: -90, longitude: 0), 20_015.1),
        ])
    func greatCircle(from start: Coordinate, to end: Coordinate, kilometres: Double) {
        #expect(abs(start.kilometres(to: end) - kilometres) < kilometres * 0.002)
        #expect(abs(end.kilometres(to: start) - start.kilometres(to: end)) < 1e-6)
    }

    @Test("A place is no distance from itself, and antipodes do not end up as no number")
    func extremes() {
        #expect(Self.sydney.kilometres(to: Self.sydney) == 0)
        let antipode = Coordinate(latitude: -Self.sydney.latitude, longitude: Self.sydney.longitude - 180)
        #expect(abs(Self.sydney.kilometres(to: antipode) - 20_015.1) < 1)
    }

    @Test("Light in glass needs about 145 ms from Sydney to Los Angeles and back")
    func roundTrip() {
        let route = FibreRoute(kilometres: Self.sydney.kilometres(to: Self.losAngeles))
        #expect(route.roundTrip > .milliseconds(143) && route.roundTrip < .milliseconds(147))
        #expect(FibreRoute(kilometres: 0).roundTrip == .zero)
    }
}
