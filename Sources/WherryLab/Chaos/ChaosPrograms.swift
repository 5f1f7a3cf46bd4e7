import Foundation

/// The programs of a run, next to the tool's own executable.
struct ChaosPrograms: Sendable {
    let wherry: String
    let worker: String
    let app: String

    static func find() throws(ChaosError) -> ChaosPrograms {
        guard let executable = Bundle.main.executableURL?.resolvingSymlinksInPath() else {
            throw ChaosError("cannot tell where this program's own file is")
        }
        let folder = executable.deletingLastPathComponent()
        func program(_ name: String) throws(ChaosError) -> String {
            let path = folder.appending(path: name).path
            guard FileManager.default.isExecutableFile(atPath: path) else {
                throw ChaosError("\(name) should stand next to \(executable.path): `make chaos` builds it")
            }
            return path
        }
        return ChaosPrograms(
            wherry: try program("wherry"), worker: try program("wherry-chaos-worker"), app: try program("wherry-chaos-app"))
    }
}
