import Wherry

/// Writes a row and throws.
package struct Failure: Job {
    package static let name = "chaos.failure"

    package init() {}
}
