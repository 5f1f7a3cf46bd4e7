public import Hummingbird
public import Wherry

/// Read-your-writes for each visitor, on any node: what they wrote and saw travels in a cookie.
public struct SessionMiddleware: RouterMiddleware {
    let client: WherryClient

    /// Makes it; add it to the router before the routes that use ``VisitorContext/session``.
    public init(client: WherryClient) {
        self.client = client
    }

    /// Gives the request a session made of its cookie, and sends back what the session has written and seen by then.
    public func handle(
        _ request: Request, context: VisitorContext, next: @concurrent (Request, VisitorContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        // A bad, forged or foreign token is dropped, and the visitor begins anew.
        context.visitor = await self.client.session(restoring: request.cookies["seen"]?.value)
        var response: Response
        do {
            response = try await next(request, context)
        } catch let error as JobError {
            // Not an error of ours: the replica is behind, or nobody can be reached. Others can serve the visitor.
            response = Response(status: error.isRetryable ? .serviceUnavailable : .internalServerError)
        } catch let error as any HTTPResponseError {
            response = try error.response(from: request, context: context)  // may have written before it failed
        }
        if let token = context.visitor?.token {
            response.setCookie(Cookie(name: "seen", value: token.description, path: "/", httpOnly: true, sameSite: .lax))
        }
        return response
    }
}
