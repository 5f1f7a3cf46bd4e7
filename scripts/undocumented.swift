// Lists the public symbols without documentation:  swift scripts/undocumented.swift SYMBOL-GRAPH…
//
// Prints file, line and name of each, and ends with status 1 if there is any. scripts/check-api-docs makes the graphs.
import Foundation

struct Graph: Decodable {
    var symbols: [Symbol]
}

struct Symbol: Decodable {
    struct Location: Decodable {
        struct Position: Decodable { var line: Int }
        var uri: String
        var position: Position
    }
    struct Comment: Decodable {
        struct Line: Decodable { var text: String }
        var lines: [Line]
    }

    var pathComponents: [String]
    var location: Location?
    var docComment: Comment?

    var isDocumented: Bool {
        self.docComment?.lines.contains { !$0.text.allSatisfy(\.isWhitespace) } ?? false
    }

    var description: String {
        let name = self.pathComponents.joined(separator: ".")
        guard let location else { return name }
        let path = URL(string: location.uri)?.path ?? location.uri
        return "\(path):\(location.position.line + 1): \(name)"
    }
}

var undocumented: Set<String> = []
var count = 0
for path in CommandLine.arguments.dropFirst() {
    let graph = try JSONDecoder().decode(Graph.self, from: Data(contentsOf: URL(filePath: path)))
    // What has no place in a file was made by the compiler.
    let written = graph.symbols.filter { $0.location != nil }
    count += written.count
    undocumented.formUnion(written.filter { !$0.isDocumented }.map(\.description))
}
guard count > 0 else {
    FileHandle.standardError.write(Data("no public symbols at all: the graphs are empty\n".utf8))
    exit(1)
}
for symbol in undocumented.sorted() { print("\(symbol) is public and has no documentation") }
exit(undocumented.isEmpty ? 0 : 1)
