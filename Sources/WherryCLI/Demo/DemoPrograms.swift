import Foundation

/// Where the demo's programs and its input are.
struct DemoPrograms {
    /// This tool itself: it is the broker too.
    let wherry: String
    let worker: String
    let app: String

    /// Finds the programs next to the tool's own executable.
    static func find() throws(DemoError) -> DemoPrograms {
        guard let executable = Bundle.main.executableURL?.resolvingSymlinksInPath() else {
            throw DemoError("cannot tell where this program's own file is")
        }
        let folder = executable.deletingLastPathComponent()
        func program(_ name: String) throws(DemoError) -> String {
            let path = folder.appending(path: name).path
            guard FileManager.default.isExecutableFile(atPath: path) else {
                throw DemoError("\(name) should stand next to \(executable.path): build it with `make build`")
            }
            return path
        }
        return DemoPrograms(
            wherry: executable.path, worker: try program("wherry-demo-worker"), app: try program("wherry-demo-app"))
    }

    /// Finds `examples/airports.csv`, from the working folder upwards, then from the tool's own folder upwards.
    func airports() throws(DemoError) -> URL {
        let starts = [URL(filePath: FileManager.default.currentDirectoryPath), URL(filePath: self.wherry).deletingLastPathComponent()]
        for start in starts {
            var folder = start.standardizedFileURL
            while true {
                let file = folder.appending(path: "examples/airports.csv")
                if FileManager.default.fileExists(atPath: file.path) { return file }
                let parent = folder.deletingLastPathComponent().standardizedFileURL
                guard parent.path.utf8.count < folder.path.utf8.count else { break }
                folder = parent
            }
        }
        throw DemoError("examples/airports.csv is neither above this folder nor above the program: name a file with --airports")
    }
}
