import Foundation

/// A row of the guestbook.
struct Entry: Decodable {
    var name: String
    var message: String
    var region: String
    var signedAt: Date

    private enum CodingKeys: String, CodingKey {
        case name, message, region
        case signedAt = "signed_at"
    }
}
