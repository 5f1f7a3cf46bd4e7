/// A job name with one version that workers have a handler for.
package struct Offer: Hashable, Sendable {
    package var name: String
    package var version: Int

    package init(name: String, version: Int) {
        self.name = name
        self.version = version
    }
}
