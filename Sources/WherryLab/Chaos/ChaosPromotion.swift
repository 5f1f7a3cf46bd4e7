/// A replica that took over.
struct ChaosPromotion: Codable, Sendable {
    var from: String
    var to: String
    /// Receipts that the old primary had, and the new one has not.
    var receiptsLost: Int
}
