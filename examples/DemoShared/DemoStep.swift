/// What the demo shows, in this order.
package enum DemoStep: String, Codable, CaseIterable, Sendable {
    /// INSERTs sent straight to the far primary, one after another: what an app without Wherry does.
    case direct
    /// The naive loop: one waited single-row job after another.
    case naive
    /// The same work as one job.
    case bulk
    /// Many jobs at once, each waited for only until it has committed at the primary.
    case unwaited
    /// Many jobs at once, each waited for until the local replica has replayed it.
    case waited
    /// A job whose worker is killed in its middle.
    case killed
    /// Jobs that cannot succeed.
    case bad
}
