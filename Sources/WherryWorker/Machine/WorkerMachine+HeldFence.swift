import WherryWire

extension WorkerMachine {
    /// A fence that is being put in place.
    struct HeldFence: Sendable {
        var fence: Fence
        var links: [Int]
    }
}
