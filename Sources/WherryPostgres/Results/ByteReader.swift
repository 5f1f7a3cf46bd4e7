/// Reads big-endian numbers and runs of bytes off a buffer, never beyond its end.
@safe struct ByteReader: ~Copyable {
    // SAFETY: whoever makes the reader keeps the buffer alive; every read checks the rest's count first.
    private var rest: Slice<UnsafeRawBufferPointer>

    init(_ buffer: UnsafeRawBufferPointer) {
        unsafe self.rest = unsafe buffer[...]
    }

    mutating func readInt32() -> Int32? {
        guard let bytes = unsafe self.read(4) else { return nil }
        return Int32(bigEndian: unsafe bytes.loadUnaligned(as: Int32.self))
    }

    mutating func read(_ count: Int) -> UnsafeRawBufferPointer? {
        guard count >= 0, unsafe count <= self.rest.count else { return nil }
        defer { unsafe self.rest = unsafe self.rest.dropFirst(count) }
        return unsafe UnsafeRawBufferPointer(rebasing: self.rest.prefix(count))
    }
}
