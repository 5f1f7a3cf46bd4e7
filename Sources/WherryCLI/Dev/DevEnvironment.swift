/// What apps and workers find in their environment, region by region.
struct DevEnvironment: Hashable, Sendable, Codable {
    /// One region's.
    struct Region: Hashable, Sendable, Codable {
        var name: String
        var isPrimary: Bool
        /// By name, as apps and workers read them.
        var variables: [String: String]
    }

    /// Between the two, there and back.
    var roundTripMilliseconds: Double
    /// The primary's first.
    var regions: [Region]

    /// - Parameters:
    ///   - primary: the primary's region.
    ///   - replica: the replica's region.
    ///   - databases: the URL of the server of each region, seen from there.
    ///   - brokers: the endpoint of the broker, seen from each region.
    init(
        primary: String, replica: String, databases: [String: String], brokers: [String: String], roundTripMilliseconds: Double
    ) {
        self.roundTripMilliseconds = roundTripMilliseconds
        self.regions = [primary, replica].map { region in
            Region(
                name: region,
                isPrimary: region == primary,
                variables: [
                    "WHERRY_REGION": region,
                    "WHERRY_PRIMARY_REGION": primary,
                    "WHERRY_BROKERS": brokers[region] ?? "",
                    "DATABASE_URL": databases[region] ?? "",
                ]
            )
        }
    }

    subscript(region: String) -> Region? {
        self.regions.first { $0.name == region }
    }

    /// All regions as a shell reads it: comments, and `export` lines.
    ///
    /// - Parameter folder: where the files are, as it is shown.
    func shellText(folder: String) -> String {
        let names = self.regions.map { "\($0.name) (\($0.isPrimary ? "primary" : "replica"))" }.joined(separator: " and ")
        var lines = ["# \(names), \(Figures.time(milliseconds: self.roundTripMilliseconds)) apart, there and back."]
        for region in self.regions {
            let whose = region.isPrimary ? "Workers, and apps in \(region.name)" : "Apps in \(region.name)"
            lines.append("")
            lines.append("# \(whose) (also in \(folder)/\(Self.fileName(of: region.name))):")
            lines += region.shellLines
        }
        return lines.joined(separator: "\n")
    }

    /// The name of a region's file.
    static func fileName(of region: String) -> String { "\(region).env" }
}

extension DevEnvironment.Region {
    /// `export NAME='value'`, by name.
    var shellLines: [String] {
        self.sorted.map { "export \($0)=\(Self.quoted($1))" }
    }

    /// `NAME=value`, by name: what `docker run --env-file` and most tools read. No value has white space or quotes in it: the URLs are
    /// percent-encoded.
    var fileText: String {
        self.sorted.map { "\($0)=\($1)\n" }.joined()
    }

    private var sorted: [(key: String, value: String)] { self.variables.sorted { $0.key < $1.key } }

    /// POSIX shells take everything between single quotes as it is, except those.
    private static func quoted(_ value: String) -> String {
        "'" + value.replacing("'", with: "'\\''") + "'"
    }
}
