import Foundation

/// Standard output and standard error, for commands that print a few lines.
///
/// Written to without a buffer: whoever waits at the other end of a pipe gets a line when it is there.
enum Console {
    static func print(_ line: String) {
        Self.write(line + "\n", to: .standardOutput)
    }

    /// For people who look on, where standard output is for programs.
    static func remark(_ message: String) {
        Self.write("wherry: \(message)\n", to: .standardError)
    }

    static func complain(_ message: String) {
        Self.write("wherry: \(message)\n", to: .standardError)
    }

    private static func write(_ text: String, to handle: FileHandle) {
        // Nobody is there to hear it if this fails.
        try? handle.write(contentsOf: Data(text.utf8))
    }
}
