public import FoundationEssentials

/// PostgreSQL counts microseconds (dates: days) from 2000-01-01; Foundation counts seconds from 2001-01-01. The greatest and the least
/// number stand for `infinity` and `-infinity`, which a `Date` can hold just as well.
extension Date: PostgresEncodable, PostgresDecodable {
    /// `timestamp with time zone`
    public static var postgresType: PostgresType { .timestamptz }

    /// Rounded to microseconds; an infinite date is `infinity` or `-infinity`; refused outside 4713 BC to 294276 AD.
    public var postgresValue: PostgresValue {
        let seconds = self.timeIntervalSinceReferenceDate
        if seconds.isNaN { return .invalid("a date that is not a number", as: .timestamptz) }
        if seconds.isInfinite { return .integer(seconds > 0 ? Int64.max : Int64.min, as: .timestamptz) }
        let microseconds = ((seconds + Self.secondsFrom2000To2001) * 1e6).rounded()
        guard let integer = Int64(exactly: microseconds), Self.supported.contains(integer) else {
            return .invalid("a date before 4713 BC or after 294276 AD", as: .timestamptz)
        }
        return .integer(integer, as: .timestamptz)
    }

    /// Reads a `timestamptz`, a `timestamp` (taken as UTC), or a `date` (midnight UTC).
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        let seconds: Double
        switch cell.type {
        case .timestamptz, .timestamp:
            let microseconds = try cell.load(Int64.self, for: Date.self)
            seconds =
                switch microseconds {
                case .max: .infinity
                case .min: -.infinity
                // In two parts: the whole number of microseconds is beyond what a `Double` holds exactly.
                default: Double(microseconds / 1_000_000) + Double(microseconds % 1_000_000) / 1e6
                }
        case .date:
            let days = try cell.load(Int32.self, for: Date.self)
            seconds =
                switch days {
                case .max: .infinity
                case .min: -.infinity
                default: Double(days) * 86_400
                }
        default: throw cell.mismatch(Date.self)
        }
        self.init(timeIntervalSinceReferenceDate: seconds - Self.secondsFrom2000To2001)
    }

    /// 2000 was a leap year.
    private static let secondsFrom2000To2001: Double = 366 * 86_400
    /// The server's `MIN_TIMESTAMP` and `END_TIMESTAMP` (`timestamp.h`).
    private static let supported: Range<Int64> = -211_813_488_000_000_000..<9_223_371_331_200_000_000
}
