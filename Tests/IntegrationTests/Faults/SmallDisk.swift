import Foundation

/// A disk of a few megabytes, in memory. It goes with this process, whatever ends it.
struct SmallDisk: Sendable {
    let path: String
    private let keeper: Child

    private static let megabytes = 4

    static var isPossible: Bool { geteuid() == 0 }

    /// Mounts one.
    ///
    /// - Parameters:
    ///   - path: where; the folder is made.
    ///   - model: a file whose owner it gets.
    static func mount(at path: String, ownedAs model: String) async throws -> SmallDisk {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let attributes = try FileManager.default.attributesOfItem(atPath: model)
        let (user, group) = (attributes[.ownerAccountID] as? Int ?? 0, attributes[.groupOwnerAccountID] as? Int ?? 0)
        // Waits for the end of its input, which comes with the end of this process.
        let script = """
            trap 'umount -l "$1"' EXIT; trap exit TERM
            mount -t tmpfs -o "size=$2m,uid=$3,gid=$4,mode=700" wherry "$1" && echo mounted && read -r line
            """
        let keeper = try await Child("/bin/sh", ["-c", script, "disk", path, "\(Self.megabytes)", "\(user)", "\(group)"])
        try await keeper.says("mounted")
        return SmallDisk(path: path, keeper: keeper)
    }

    /// Leaves no room.
    func fill() throws {
        let file = try FileHandle(forWritingTo: self.filler())
        defer { try? file.close() }
        let block = Data(repeating: 1, count: 4_096)
        while (try? file.write(contentsOf: block)) != nil {}
    }

    func clear() throws {
        try FileManager.default.removeItem(at: self.fillerURL)
    }

    func unmount() {
        self.keeper.terminate()
    }

    private var fillerURL: URL { URL(filePath: "\(self.path)/filler") }

    private func filler() throws -> URL {
        try Data().write(to: self.fillerURL)
        return self.fillerURL
    }
}
