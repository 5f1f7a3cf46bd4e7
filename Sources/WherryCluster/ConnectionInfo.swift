/// How to reach a database: what libpq calls a conninfo, in both of its forms.
///
/// Nothing but ``keywords`` and ``url`` shows the password.
public struct ConnectionInfo: Sendable, Hashable {
    /// An address, or the folder of a Unix socket.
    public var host: String
    /// The port; also part of a Unix socket's name.
    public var port: Int
    /// The role to connect as.
    public var user: String
    /// Its password, if it needs one.
    public var password: String?
    /// The database.
    public var database: String

    /// libpq's keyword form: `host='127.0.0.1' port='12345' …`.
    public var keywords: String {
        var pairs = [("host", self.host), ("port", String(self.port)), ("user", self.user), ("dbname", self.database)]
        if let password { pairs.append(("password", password)) }
        return pairs.map { "\($0)='\(Self.quoted($1))'" }.joined(separator: " ")
    }

    /// libpq's URL form: `postgresql://user:password@127.0.0.1:12345/database`.
    public var url: String {
        let secret = self.password.map { ":" + Self.percentEncoded($0) } ?? ""
        return "postgresql://\(Self.percentEncoded(self.user))\(secret)@\(Self.percentEncoded(self.host)):\(self.port)/"
            + Self.percentEncoded(self.database)
    }

    private static func quoted(_ value: String) -> String {
        value.reduce(into: "") { text, character in
            if character == "'" || character == "\\" { text.append("\\") }
            text.append(character)
        }
    }

    /// Leaves RFC 3986's unreserved characters, encodes everything else.
    private static func percentEncoded(_ value: String) -> String {
        value.utf8.reduce(into: "") { text, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                text += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
    }
}

extension ConnectionInfo: CustomStringConvertible {
    /// Without the password.
    public var description: String {
        "\(self.user)@\(self.host):\(self.port)/\(self.database)"
    }
}
