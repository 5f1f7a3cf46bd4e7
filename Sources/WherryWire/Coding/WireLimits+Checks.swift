internal import FoundationEssentials
internal import WherryCore

/// Checks of single fields: each hands the value back, or throws which field is wrong and what it may be.
extension WireLimits {
    func text(_ value: String, upTo length: Int, _ field: String, mayBeEmpty: Bool = false) throws(WireError) -> String {
        let count = value.utf8.count
        if count == 0 && !mayBeEmpty { throw WireError(.invalidField, "\(field) is missing") }
        if count > length { throw WireError(.invalidField, "\(field) has \(count) bytes; at most \(length) are allowed") }
        return value
    }

    func number(_ value: UInt32, in range: ClosedRange<Int>, _ field: String) throws(WireError) -> Int {
        guard range.contains(Int(value)) else {
            throw WireError(.invalidField, "\(field) is \(value); it must be \(range.lowerBound) to \(range.upperBound)")
        }
        return Int(value)
    }

    func bytes(_ value: Data, count: Int, _ field: String) throws(WireError) -> [UInt8] {
        guard value.count == count else { throw WireError(.invalidField, "\(field) has \(value.count) bytes; it must have \(count)") }
        return Array(value)
    }

    func jobID(_ value: Data, _ field: String = "id") throws(WireError) -> JobID {
        guard let id = JobID(bytes: value) else { throw WireError(.invalidField, "\(field) has \(value.count) bytes; it must have 16") }
        return id
    }

    func list<Item, Value>(
        _ values: [Item], upTo count: Int, _ field: String, _ convert: (Item) throws(WireError) -> Value
    ) throws(WireError) -> [Value] {
        guard values.count <= count else {
            throw WireError(.invalidField, "\(field) has \(values.count) elements; at most \(count) are allowed")
        }
        var result: [Value] = []
        result.reserveCapacity(values.count)
        for value in values { result.append(try convert(value)) }
        return result
    }

    func traceContext(_ value: [String: String]) throws(WireError) -> [String: String] {
        guard self.allows(traceContext: value) else {
            throw WireError(.invalidField, "trace_context has more than \(self.maximumTraceContextSize) bytes")
        }
        return value
    }

    func allows(traceContext: [String: String]) -> Bool {
        traceContext.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count } <= self.maximumTraceContextSize
    }

    func duration(_ nanoseconds: UInt64) -> Duration {
        min(.nanoseconds(Int64(clamping: nanoseconds)), self.maximumDuration)
    }
}

extension Duration {
    /// Whole nanoseconds as on the wire; one that is negative counts as none.
    var wire: UInt64 {
        UInt64(max(0, self.saturatedNanoseconds))
    }
}

extension String {
    /// The text, cut off before the character that would make it longer than so many UTF-8 bytes.
    func cut(to length: Int) -> String {
        guard self.utf8.count > length else { return self }
        var end = self.utf8.index(self.utf8.startIndex, offsetBy: length)
        while end > self.startIndex, end.samePosition(in: self.unicodeScalars) == nil { end = self.utf8.index(before: end) }
        return String(self[..<end])
    }
}

extension Int {
    /// As a field on the wire; what does not fit is sent as the nearest that does, and the receiver judges it.
    var wire: UInt32 {
        UInt32(clamping: self)
    }
}
