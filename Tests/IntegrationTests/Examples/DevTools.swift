/// As much of the DevTools protocol's JSON as ``Browser`` speaks.
enum DevTools {
    struct Command: Encodable {
        var id: Int
        var method: String
        var sessionId: String?
        var params: Parameters
    }

    /// The parameters of all methods that are called; each takes some.
    struct Parameters: Encodable, Sendable {
        var url: String?
        var targetId: String?
        var flatten: Bool?
        var expression: String?
        var browserContextId: String?
    }

    struct Message: Decodable {
        struct Flaw: Decodable { var message: String }

        var id: Int?
        var method: String?
        var sessionId: String?
        var result: Result?
        var error: Flaw?
    }

    /// The results of all methods that are called; each gives some.
    struct Result: Decodable, Sendable {
        struct Value: Decodable, Sendable { var value: String? }
        struct Exception: Decodable, Sendable { var text: String }

        var targetId: String?
        var sessionId: String?
        var browserContextId: String?
        var result: Value?
        var exceptionDetails: Exception?
    }
}
