import WherryCluster

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Starts a cluster, prints its servers (name, port, folder, socket folder), and holds it until it is killed: what a test needs that wants to
/// see what a killed process leaves behind.
///
/// Its argument, if any, is a folder to keep the cluster in.
@main
struct ClusterHolder {
    static func main() async throws {
        var configuration = Cluster.Configuration()
        configuration.folder = CommandLine.arguments.dropFirst().first
        let cluster = try await Cluster.start(configuration)
        for server in cluster.servers { print(server.name, server.port, server.folder, server.socketFolder) }
        print("holding")
        fflush(nil)
        try await Task.sleep(for: .seconds(600))
    }
}
