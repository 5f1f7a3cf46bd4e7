import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// `.wherry` in the project at hand.
///
/// | in it | what |
/// |---|---|
/// | `.gitignore` | `*`: nothing of this is anybody's source |
/// | `lock` | locked (flock) as long as `wherry dev` runs; the kernel lets go of it, however that ends |
/// | `state.json` | ``DevState`` |
/// | `servers/` | the data of both servers, their logs, the password |
/// | `env/` | a file for each region, and `dev.json`; there while it runs |
struct DevFolder: Sendable {
    /// Absolute.
    let path: String

    private static let ownerOnly = 0o600

    /// - Parameter project: the project's folder.
    init(project: String) {
        self.path = URL(filePath: project, directoryHint: .isDirectory).standardizedFileURL.appending(path: ".wherry").path
    }

    var servers: String { "\(self.path)/servers" }
    var environmentFolder: String { "\(self.path)/env" }
    private var stateFile: String { "\(self.path)/state.json" }
    private var lockFile: String { "\(self.path)/lock" }
    private var environmentFile: String { "\(self.environmentFolder)/dev.json" }

    /// Makes the folder, out of git's sight.
    func make() throws {
        // The servers' account goes through it on its way to `servers`, which is that account's own.
        try FileManager.default.createDirectory(
            atPath: self.path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        let ignore = "\(self.path)/.gitignore"
        if !FileManager.default.fileExists(atPath: ignore) { try Data("*\n".utf8).write(to: URL(filePath: ignore)) }
    }

    /// Locks the folder until this process ends.
    ///
    /// - Returns: false if another process has it.
    func lock() throws -> Bool {
        // Never closed on purpose. Close-on-exec: a child must not keep it.
        let descriptor = open(self.lockFile, O_RDWR | O_CREAT | O_CLOEXEC, mode_t(Self.ownerOnly))
        guard descriptor >= 0 else { throw ToolError(.notPermitted, "cannot open \(self.lockFile): \(String(cString: strerror(errno)))") }
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            close(descriptor)
            return false
        }
        return true
    }

    /// Whether somebody has the lock.
    var isInUse: Bool {
        let descriptor = open(self.lockFile, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0
    }

    // MARK: State

    /// `nil` if there is none, or none that can be read: then there is nothing to go on with.
    func state() -> DevState? {
        guard let data = FileManager.default.contents(atPath: self.stateFile) else { return nil }
        return try? JSONDecoder().decode(DevState.self, from: data)
    }

    func write(_ state: DevState) throws {
        try self.write(String(decoding: try JSONEncoder().encode(state), as: UTF8.self), to: self.stateFile)
    }

    // MARK: Environment

    /// Writes a file for each region and one for all. They hold a password, so they are the owner's alone.
    func write(_ environment: DevEnvironment) throws {
        try FileManager.default.createDirectory(
            atPath: self.environmentFolder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        for region in environment.regions {
            try self.write(region.fileText, to: "\(self.environmentFolder)/\(DevEnvironment.fileName(of: region.name))")
        }
        // Last, and moved into its place: whoever reads it finds all of it.
        try self.write(String(decoding: try JSONEncoder().encode(environment), as: UTF8.self), to: self.environmentFile)
    }

    /// The running one's; `nil` before it is ready.
    func environment() -> DevEnvironment? {
        guard let data = FileManager.default.contents(atPath: self.environmentFile) else { return nil }
        return try? JSONDecoder().decode(DevEnvironment.self, from: data)
    }

    func removeEnvironment() {
        // It may not be there.
        try? FileManager.default.removeItem(atPath: self.environmentFolder)
    }

    // MARK: Anew

    /// Deletes the servers' data and what is known of the last run.
    func reset() throws {
        for item in [self.servers, self.stateFile, self.environmentFolder] where FileManager.default.fileExists(atPath: item) {
            try FileManager.default.removeItem(atPath: item)
        }
    }

    private func write(_ text: String, to file: String) throws {
        let part = file + ".part"
        guard FileManager.default.createFile(atPath: part, contents: Data(text.utf8), attributes: [.posixPermissions: Self.ownerOnly])
        else {
            throw ToolError(.notPermitted, "cannot write \(part)")
        }
        guard rename(part, file) == 0 else { throw ToolError(.notPermitted, "cannot write \(file): \(String(cString: strerror(errno)))") }
    }
}
