/// A PostgreSQL data type, by its OID.
public struct PostgresType: RawRepresentable, Hashable, Sendable {
    /// The OID, as in `pg_type`.
    public var rawValue: UInt32

    /// Wraps an OID.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    private init(_ rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// No type: the server decides from the context, as it does for a literal in quotes.
    public static let unspecified = PostgresType(0)
    /// `boolean`
    public static let bool = PostgresType(16)
    /// `bytea`
    public static let bytea = PostgresType(17)
    /// `"char"`, one byte
    public static let char = PostgresType(18)
    /// `name`
    public static let name = PostgresType(19)
    /// `bigint`
    public static let int8 = PostgresType(20)
    /// `smallint`
    public static let int2 = PostgresType(21)
    /// `integer`
    public static let int4 = PostgresType(23)
    /// `text`
    public static let text = PostgresType(25)
    /// `oid`
    public static let oid = PostgresType(26)
    /// `xid`
    public static let xid = PostgresType(28)
    /// `json`
    public static let json = PostgresType(114)
    /// `xml`
    public static let xml = PostgresType(142)
    /// `real`
    public static let float4 = PostgresType(700)
    /// `double precision`
    public static let float8 = PostgresType(701)
    /// What an untyped literal is.
    public static let unknown = PostgresType(705)
    /// `character(n)`
    public static let bpchar = PostgresType(1042)
    /// `character varying`
    public static let varchar = PostgresType(1043)
    /// `date`
    public static let date = PostgresType(1082)
    /// `timestamp without time zone`
    public static let timestamp = PostgresType(1114)
    /// `timestamp with time zone`
    public static let timestamptz = PostgresType(1184)
    /// `numeric`
    public static let numeric = PostgresType(1700)
    /// `void`, what a function without a result returns
    public static let void = PostgresType(2278)
    /// `uuid`
    public static let uuid = PostgresType(2950)
    /// `pg_lsn`
    public static let lsn = PostgresType(3220)
    /// `jsonb`
    public static let jsonb = PostgresType(3802)
    /// `xid8`
    public static let xid8 = PostgresType(5069)

    /// The first OID that user-defined types get.
    static let firstUserDefined: UInt32 = 16_384

    /// The type of arrays of this type; `unspecified` if it is not known here.
    var array: PostgresType {
        Self.arrays[self] ?? .unspecified
    }

    /// Whether it is one of the array types known here.
    var isArray: Bool {
        Self.arrayTypes.contains(self)
    }

    private static let arrayTypes = Set(Self.arrays.values)
    private static let arrays: [PostgresType: PostgresType] = [
        .unspecified: PostgresType(1009), .bool: PostgresType(1000), .bytea: PostgresType(1001), .char: PostgresType(1002),
        .name: PostgresType(1003), .int2: PostgresType(1005), .int4: PostgresType(1007), .text: PostgresType(1009),
        .oid: PostgresType(1028), .xid: PostgresType(1011), .bpchar: PostgresType(1014), .varchar: PostgresType(1015),
        .int8: PostgresType(1016), .float4: PostgresType(1021), .float8: PostgresType(1022), .json: PostgresType(199),
        .timestamp: PostgresType(1115), .date: PostgresType(1182), .timestamptz: PostgresType(1185), .numeric: PostgresType(1231),
        .uuid: PostgresType(2951), .lsn: PostgresType(3221), .jsonb: PostgresType(3807), .xid8: PostgresType(271),
        .xml: PostgresType(143),
    ]

    private static let names: [PostgresType: String] = [
        .unspecified: "unspecified", .bool: "boolean", .bytea: "bytea", .char: "\"char\"", .name: "name", .int8: "bigint",
        .int2: "smallint", .int4: "integer", .text: "text", .oid: "oid", .xid: "xid", .json: "json", .xml: "xml", .float4: "real",
        .float8: "double precision", .unknown: "unknown", .bpchar: "character", .varchar: "character varying", .date: "date",
        .timestamp: "timestamp", .timestamptz: "timestamptz", .numeric: "numeric", .void: "void", .uuid: "uuid", .lsn: "pg_lsn",
        .jsonb: "jsonb", .xid8: "xid8", PostgresType(1186): "interval", PostgresType(1083): "time", PostgresType(1266): "timetz",
        PostgresType(869): "inet", PostgresType(650): "cidr", PostgresType(2249): "record",
    ]
}

extension PostgresType: CustomStringConvertible {
    /// The type's SQL name, or its OID where the name is not known here.
    public var description: String {
        if let name = Self.names[self] { return name }
        if let element = Self.arrays.first(where: { $0.value == self && $0.key != .unspecified })?.key { return "\(element)[]" }
        return "type with OID \(self.rawValue)"
    }
}
