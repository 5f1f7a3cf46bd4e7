/// Signals to all processes of one server, and what to do with what they leave: the shell functions that the reaper and the cluster share.
///
/// Which processes are a server's is told by their working directory, its data folder: true of the postmaster and of every child, of orphans
/// too, and never of a stranger who was given an old process id. A zombie has none, so it counts as gone, also where process 1 does not
/// collect them. The functions must run as the servers' account: without `CAP_SYS_PTRACE` (in a container) not even root may look.
enum ServerProcesses {
    static let functions = """
        # processes FOLDER: prints the ids of all processes that work in it.
        processes() {
            if [ -d /proc/self/cwd ]; then
                for process in /proc/[0-9]*; do
                    [ "$process/cwd" -ef "$1" ] && echo "${process#/proc/}"
                done
            elif postmaster=$(sed -n 1p "$1/postmaster.pid" 2>/dev/null) && [ -n "$postmaster" ]; then
                ps -o pid= -p "$postmaster"
                pgrep -P "$postmaster"
            fi
            return 0
        }

        # send SIGNAL FOLDER: to all of them.
        send() {
            for process in $(processes "$2"); do kill -s "$1" "$process" 2>/dev/null; done
            return 0
        }

        # gone FOLDER TENTHS: waits until none is left; fails after so many tenths of a second.
        gone() {
            tenths=$2
            while [ -n "$(processes "$1")" ]; do
                [ "$tenths" -gt 0 ] || return 1
                tenths=$((tenths - 1))
                sleep 0.1
            done
        }

        # bury FOLDER: the server was killed. Its System V segment would stay for ever. Its lock files would stop the next start where a
        # zombie, or somebody new, has the process id in them.
        bury() {
            lock="$1/postmaster.pid"
            [ -f "$lock" ] || return 0
            port=$(sed -n 4p "$lock")
            sockets=$(sed -n 5p "$lock")
            segment=$(sed -n '7s/^ *[0-9]* *//p' "$lock")
            [ -z "$segment" ] || ipcrm -m "$segment" 2>/dev/null
            [ -z "$sockets" ] || rm -f "$sockets/.s.PGSQL.$port" "$sockets/.s.PGSQL.$port.lock"
            rm -f "$lock"
        }

        # crash FOLDER: all of them at once; frozen first, so that none acts on another's death.
        crash() {
            send STOP "$1"
            send STOP "$1"
            send KILL "$1"
            until gone "$1" 1; do send KILL "$1"; done
            bury "$1"
        }

        # end FOLDER SIGNAL TENTHS: asks the postmaster to shut down (INT fast, QUIT at once), and kills whoever is left after that.
        end() {
            [ -d "$1" ] || return 0
            send CONT "$1"
            postmaster=$(sed -n 1p "$1/postmaster.pid" 2>/dev/null)
            for process in $(processes "$1"); do
                [ "$process" != "$postmaster" ] || kill -s "$2" "$process" 2>/dev/null
            done
            gone "$1" "$3" || crash "$1"
            bury "$1"
        }

        """
}
