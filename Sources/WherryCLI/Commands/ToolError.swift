import ArgumentParser

/// Why the tool could not do what it was asked to, with the status that it ends with.
struct ToolError: Error {
    /// How the tool ends; the numbers are those of sysexits.h where that has one.
    enum Status: Int32, CaseIterable {
        /// Something went wrong that has no status of its own.
        case failed = 1
        /// `migrate status`: the database lacks migrations.
        case pending = 2
        /// The arguments make no sense.
        case usage = 64
        /// A server or an address that is needed cannot be had.
        case unavailable = 69
        /// Somebody else is at it: try again.
        case busy = 75
        /// The role may not do it.
        case notPermitted = 77
        /// Interrupted from the keyboard.
        case interrupted = 130
        /// Asked to end by SIGTERM or SIGHUP.
        case terminated = 143

        var exitCode: ExitCode { ExitCode(self.rawValue) }
    }

    var status: Status
    /// What happened and what to do.
    var message: String

    init(_ status: Status, _ message: String) {
        self.status = status
        self.message = message
    }

    /// For the help of every command.
    static let discussion = """
        EXIT STATUS
          0    done
          1    something went wrong
          64   the arguments make no sense
          69   the server cannot be reached, or the address cannot be had
          75   somebody else is at it: try again
          77   the role may not do it
        """

    /// Runs a command's work; a tool error is told on standard error and becomes the exit status.
    static func reporting(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as ToolError {
            Console.complain(error.message)
            throw error.status.exitCode
        }
    }
}
