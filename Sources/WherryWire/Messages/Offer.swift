/// A job name with one version that workers have a handler for.
package struct Offer: Hashable, Sendable {
    package var name: String
    package var version: Int
    /// A region job: it needs no primary.
    package var isRegionJob: Bool

    package init(name: String, version: Int, isRegionJob: Bool = false) {
        self.name = name
        self.version = version
        self.isRegionJob = isRegionJob
    }
}
