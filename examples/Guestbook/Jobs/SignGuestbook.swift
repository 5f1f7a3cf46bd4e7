import Wherry

/// Adds an entry to the guestbook.
package struct SignGuestbook: Job {
    package static let name = "guestbook.sign"

    package var name: String
    package var message: String
    /// The region in which the visitor signed.
    package var region: String

    package init(name: String, message: String, region: String) {
        self.name = name
        self.message = message
        self.region = region
    }
}
