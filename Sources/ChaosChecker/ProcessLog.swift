package import ChaosLog

/// The log of one process, and what became of it.
package struct ProcessLog: Sendable {
    package var name: String
    /// The run killed it, so it may have left calls without an end.
    package var wasKilled: Bool
    package var lines: [ChaosLine]

    package init(name: String, wasKilled: Bool, lines: [ChaosLine]) {
        self.name = name
        self.wasKilled = wasKilled
        self.lines = lines
    }
}
