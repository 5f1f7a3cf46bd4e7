public import Hummingbird
public import Wherry

/// A request's context with its visitor's session.
public struct VisitorContext: RequestContext {
    /// What Hummingbird keeps in it.
    public var coreContext: CoreRequestContextStorage
    var visitor: Session?

    /// As Hummingbird makes one for each request.
    public init(source: Source) {
        self.coreContext = CoreRequestContextStorage(source: source)
    }

    /// The visitor's session.
    ///
    /// - Throws: an `HTTPError` with status 500 if there is no ``SessionMiddleware`` before the route.
    public var session: Session {
        get throws {
            guard let visitor else { throw HTTPError(.internalServerError, message: "add SessionMiddleware before this route") }
            return visitor
        }
    }
}
