package import Foundation

/// Where the demo writes for people: lines that stay, and on a terminal one line below them that keeps changing.
package final class Screen {
    package let style: Style
    private let isTerminal: Bool
    private let write: (String) -> Void
    private var hasStatus = false

    /// - Parameters:
    ///   - isTerminal: whether a line can be overwritten.
    ///   - write: takes the text as it is.
    package init(isTerminal: Bool, style: Style, write: @escaping (String) -> Void) {
        self.isTerminal = isTerminal
        self.style = style
        self.write = write
    }

    /// Standard output, or standard error when standard output is kept for a report.
    package static func standard(_ handle: FileHandle) -> Screen {
        let environment = ProcessInfo.processInfo.environment
        let isTerminal = isatty(handle.fileDescriptor) == 1 && environment["TERM"] != "dumb"
        return Screen(isTerminal: isTerminal, style: Style(isTerminal: isTerminal, environment: environment)) { text in
            // A reader that went away (`| head`) is no reason to leave servers behind.
            try? handle.write(contentsOf: Data(text.utf8))
        }
    }

    /// Writes a line that stays.
    package func print(_ line: String = "") {
        self.clearStatus()
        self.write(line + "\n")
    }

    /// Begins at the top of an empty screen. Off a terminal nothing happens.
    package func clear() {
        guard self.isTerminal else { return }
        self.write("\u{1B}[H\u{1B}[2J")
        self.hasStatus = false
    }

    /// Shows a line until the next one comes. Off a terminal nothing is shown.
    package func show(status: String) {
        guard self.isTerminal else { return }
        self.write("\r\u{1B}[2K" + status)
        self.hasStatus = true
    }

    /// Takes the changing line away.
    package func clearStatus() {
        guard self.hasStatus else { return }
        self.write("\r\u{1B}[2K")
        self.hasStatus = false
    }
}
