import Subprocess
import SystemPackage

/// A small process that outlives this one and clears up after it, however it ends.
///
/// It is a shell that reads a pipe whose only other end is ours (close-on-exec: no child keeps it open). When we are gone, by `exit`, a
/// signal or SIGKILL, it reads the end of file, ends the servers and removes the scratch folder. It has a session of its own, so neither
/// Ctrl-C nor a kill of our process group hits it. It makes the scratch folder itself: there is no moment at which the folder exists and
/// nobody would remove it. It runs as the servers' account.
///
/// Everything that is run for a cluster works in a folder below the scratch folder; that is how it knows what is ours.
actor Reaper {
    /// The scratch folder: everything temporary that this process makes is in it.
    nonisolated let folder: String
    private let writer: StandardInputWriter

    private init(folder: String, writer: StandardInputWriter) {
        self.folder = folder
        self.writer = writer
    }

    /// Starts it.
    ///
    /// - Parameter parent: where the scratch folder goes; `/tmp` if the account may not write there.
    static func start(parent: String, account: ServerAccount?) async throws(ClusterError) -> Reaper {
        var command = Command.shell(Self.script, name: "wherry-reaper", arguments: [parent])
        command.account = account
        var configuration = command.configuration
        configuration.platformOptions.createSession = true
        let (starts, start) = AsyncStream.makeStream(of: Result<Reaper, ClusterError>.self)
        // Not a child of anybody's: it lives as long as this process.
        Task.detached { [configuration] in
            do {
                let result = try await Subprocess.run(configuration, input: .inputWriter, output: .sequence, error: .discarded) {
                    execution in
                    for try await line in execution.standardOutput.strings() {
                        start.yield(.success(Reaper(folder: line.trimmingNewlines(), writer: execution.standardInputWriter)))
                    }
                }
                throw ClusterError(
                    .folder,
                    "neither \(parent) nor /tmp can be written by the servers' account (\(result.terminationStatus))"
                )
            } catch let error as ClusterError {
                start.yield(.failure(error))
            } catch {
                start.yield(.failure(ClusterError(.commandFailed, "cannot run /bin/sh", cause: error)))
            }
        }
        for await outcome in starts { return try outcome.get() }
        throw ClusterError(.cancelled, "cancelled while starting")
    }

    /// From now on the server with this data folder, which lies elsewhere and is kept, is shut down when this process is gone.
    func keep(_ dataFolder: String) async throws(ClusterError) {
        try await self.tell("keep \(dataFolder)")
    }

    /// The kept server has been stopped: leave it alone.
    func forget(_ dataFolder: String) async throws(ClusterError) {
        try await self.tell("forget \(dataFolder)")
    }

    private func tell(_ line: String) async throws(ClusterError) {
        do {
            _ = try await self.writer.write(line + "\n")
        } catch {
            throw ClusterError(.commandFailed, "the process that clears up after this one is gone", cause: error)
        }
    }

    private static let script =
        ServerProcesses.functions + """
            trap '' HUP INT TERM PIPE
            root=$(mktemp -d "$1/wherry-XXXXXXXX" 2>/dev/null) || root=$(mktemp -d /tmp/wherry-XXXXXXXX) || exit 1
            echo "$root"
            cd /

            # The arguments become the list of kept data folders.
            shift $#
            while read -r verb folder; do
                case $verb in
                keep) set -- "$@" "$folder" ;;
                forget)
                    for kept in "$@"; do
                        shift
                        [ "$kept" = "$folder" ] || set -- "$@" "$kept"
                    done
                    ;;
                esac
            done

            # Programs under way (initdb, pg_ctl, pg_basebackup) come first, lest they start another server; and again until a round finds nobody.
            rounds=10
            while [ "$rounds" -gt 0 ]; do
                rounds=$((rounds - 1))
                found=
                for folder in "$root" "$root"/* "$root"/*/*/part; do
                    [ -z "$(processes "$folder")" ] || { found=yes; crash "$folder"; }
                done
                for folder in "$root"/*/*/data; do
                    [ -z "$(processes "$folder")" ] || { found=yes; end "$folder" QUIT 30; }
                done
                for folder in "$@"; do
                    [ -z "$(processes "$folder")" ] || { found=yes; end "$folder" INT 100; }
                done
                [ -n "$found" ] || break
            done
            for folder in "$root"/*/*/data; do bury "$folder"; done
            rm -rf "$root"

            """
}
