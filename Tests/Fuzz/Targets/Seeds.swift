internal import Foundation
internal import WherryCore
internal import WherryWire

/// Where the search begins: a message of every kind and shape, a token, addresses.
enum Seeds {
    /// Writes a file for each into a folder.
    static func write(to folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let messages = MessageSamples.all.map { $0.encode() }.flatMap { frames in
            [FuzzedInput.bytes(of: frames, tight: false), FuzzedInput.bytes(of: frames, tight: true)]
        }
        let texts = [
            MessageSamples.token.description, "1.0.0.0.0.0", "tcp://broker.example:7400", "lax=tcp://[::1]:1", "ipc:///tmp/b",
            "a=inproc://b=c",
            "tcp://eth0;10.0.0.1:7400",
        ].map { FuzzedInput.bytes(of: $0) }
        for (number, bytes) in (messages + texts).enumerated() {
            try Data(bytes).write(to: URL(filePath: folder).appending(path: "seed-\(number)"))
        }
    }
}
