internal import CLibPQ

/// What it takes to cancel whatever a backend is doing, over a connection of its own.
///
/// SAFETY: libpq allows `PQcancel` on any thread; nothing else uses the pointer.
@safe final class CancelRequest: @unchecked Sendable {
    private let request: OpaquePointer

    init(taking request: OpaquePointer) {
        unsafe self.request = request
    }

    deinit {
        unsafe PQfreeCancel(self.request)
    }

    /// Sends it. Blocks until the server has taken it: never on the loop or the cooperative pool.
    ///
    /// - Returns: what went wrong, if it could not be sent.
    func send() -> String? {
        // The size that libpq's manual recommends.
        var message = [CChar](repeating: 0, count: 256)
        if unsafe PQcancel(self.request, &message, CInt(message.count)) == 1 { return nil }
        let text = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: text, as: UTF8.self).trimmed
    }
}
