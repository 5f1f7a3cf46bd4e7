import Foundation

/// What `wherry demo` was asked to show.
struct DemoConfiguration: Sendable {
    /// The file of airports; the one in `examples` by default.
    var airports: String?
    /// IATA codes of the two cities; they must stand in the file.
    var primary = "SYD"
    var replica = "LAX"
    /// There and back; `nil`: worked out from the distance.
    var roundTrip: Duration?
    /// By how much each way may take longer.
    var jitter: Duration
}
