import Wherry

/// To be called with its key as its idempotency key; gives back the id of the job that did it.
package struct Order: Job {
    package static let name = "chaos.order"
    package typealias Output = String

    package var key: String

    package init(key: String) {
        self.key = key
    }
}
