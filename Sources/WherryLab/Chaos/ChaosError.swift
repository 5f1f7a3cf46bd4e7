/// Why a run cannot go on; says nothing about what it was to find out.
struct ChaosError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
