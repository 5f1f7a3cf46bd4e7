import Foundation
import GuestbookJobs
import Hummingbird
import WebSession
import Wherry

/// The app: one in each region, beside the database of that region.
@main
struct Guestbook {
    static func main() async throws {
        let environment = Environment()
        let configuration = try WherryClient.Configuration.fromEnvironment()
        let client = try WherryClient(configuration)

        let router = Router(context: VisitorContext.self)
        router.add(middleware: SessionMiddleware(client: client))

        router.get("/") { _, context -> Response in
            try await Page.show(configuration, context.session)
        }

        router.post("/") { request, context -> Response in
            let form = try await URLEncodedFormDecoder().decode(EntryForm.self, from: request, context: context)
            do {
                try await context.session.call(SignGuestbook(name: form.name, message: form.message, region: configuration.region))
            } catch let error as JobError where error.code == .handlerFailed {
                let rejected = try error.payload(as: EntryRejected.self)
                return try await Page.show(configuration, context.session, form: form, complaint: rejected?.reason ?? error.message)
            }
            return .redirect(to: "/")
        }

        let host = environment.get("HOST") ?? "127.0.0.1"
        let application = Application(
            router: router,
            configuration: .init(address: .hostname(host, port: environment.get("PORT", as: Int.self) ?? 8080)),
            services: [client],
            onServerRunning: { channel in
                let address = "http://\(host):\(channel.localAddress?.port ?? 0)/"
                try? FileHandle.standardOutput.write(contentsOf: Data("\(configuration.region): \(address)\n".utf8))
            }
        )
        try await application.runService()
    }
}
