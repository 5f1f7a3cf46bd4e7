internal import CLibPQ

/// The arrays that libpq takes parameters in, kept from statement to statement.
@safe struct ParameterBuffer {
    private var types: [Oid] = []
    // SAFETY: points into `bytes`, and is used only while that is held still.
    private var values: [UnsafePointer<CChar>?] = unsafe []
    private var lengths: [CInt] = []
    private var formats: [CInt] = []
    private var bytes: [UInt8] = []

    /// Calls with the types alone.
    mutating func withTypes(of binds: [PostgresValue], _ body: (CInt, UnsafePointer<Oid>?) -> Bool) -> Bool {
        self.types.removeAll(keepingCapacity: true)
        for bind in binds { self.types.append(bind.type.rawValue) }
        return unsafe self.types.withUnsafeBufferPointer { unsafe body(CInt(binds.count), $0.baseAddress) }
    }

    /// Calls with everything; the pointers are valid for the call only.
    mutating func withValues(
        of binds: [PostgresValue],
        _ body: (CInt, UnsafePointer<Oid>?, UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<CInt>?, UnsafePointer<CInt>?) -> Bool
    ) -> Bool {
        self.types.removeAll(keepingCapacity: true)
        unsafe self.values.removeAll(keepingCapacity: true)
        self.lengths.removeAll(keepingCapacity: true)
        self.formats.removeAll(keepingCapacity: true)
        self.bytes.removeAll(keepingCapacity: true)
        for bind in binds {
            self.types.append(bind.type.rawValue)
            self.lengths.append(CInt(bind.byteCount))
            switch bind.payload {
            case .binary(let bytes):
                self.formats.append(1)
                self.bytes += bytes
            case .text(let bytes):
                self.formats.append(0)
                self.bytes += bytes
            case .null, .invalid:
                self.formats.append(0)
            }
            // libpq reads text up to a zero byte, and takes no address for NULL: so there is a byte after each value.
            self.bytes.append(0)
        }
        return unsafe self.bytes.withUnsafeBytes { bytes in
            // SAFETY: each value starts where the lengths before it, with a byte for each, add up to: inside of the buffer.
            var next = unsafe bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            for (bind, length) in zip(binds, self.lengths) {
                unsafe self.values.append(bind.isNull ? nil : next)
                unsafe next = next.map { unsafe $0 + Int(length) + 1 }
            }
            return unsafe body(CInt(binds.count), self.types, self.values, self.lengths, self.formats)
        }
    }
}

extension PostgresValue {
    fileprivate var isNull: Bool {
        switch self.payload {
        case .null, .invalid: true
        case .binary, .text: false
        }
    }
}
