internal import CLibPQ

/// The version of libpq that this process uses.
package enum LibPQVersion {
    /// As a number: 150006 for 15.6 (manual, `PQlibVersion`).
    package static var number: Int { Int(PQlibVersion()) }
}
