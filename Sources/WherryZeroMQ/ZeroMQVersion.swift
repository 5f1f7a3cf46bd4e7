internal import CLibZMQ

/// The version of libzmq that this process uses.
package struct ZeroMQVersion: Hashable, Sendable, Comparable, CustomStringConvertible {
    package var major: Int
    package var minor: Int
    package var patch: Int

    package init(major: Int, minor: Int, patch: Int) {
        self.major = major
        self.minor = minor
        self.patch = patch
    }

    /// The one that is linked; see zmq_version(3).
    package static var linked: ZeroMQVersion {
        var (major, minor, patch): (CInt, CInt, CInt) = (0, 0, 0)
        // SAFETY: the pointers are used only during the call.
        unsafe zmq_version(&major, &minor, &patch)
        return ZeroMQVersion(major: Int(major), minor: Int(minor), patch: Int(patch))
    }

    package static func < (left: ZeroMQVersion, right: ZeroMQVersion) -> Bool {
        (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
    }

    package var description: String { "\(self.major).\(self.minor).\(self.patch)" }
}
