package import Logging
package import WherryEventLoop

extension PostgresConnection {
    /// Makes a connection.
    ///
    /// Nothing of it runs on the loop or the cooperative pool until it stands.
    ///
    /// - Throws: ``PostgresError/Code/connectFailed``, ``PostgresError/Code/connectTimeout``, ``PostgresError/Code/cancelled``,
    ///   ``PostgresError/Code/invalidConfiguration``.
    package static func connect(
        _ configuration: PostgresConfiguration,
        on loop: EventLoop = .shared,
        logger: Logger
    ) async throws(PostgresError) -> PostgresConnection {
        let libpq = try await Connector(configuration, loop: loop).connect()
        let connection = PostgresConnection(libpq, configuration: configuration, loop: loop, logger: logger)
        await connection.start()
        do {
            try await connection.introduce()
        } catch {
            await connection.close()
            throw error
        }
        return connection
    }

    /// Learns which server this is.
    private func introduce() async throws(PostgresError) {
        let timer = self.loop.schedule(after: self.configuration.connectTimeout) {
            self.assumeIsolated { $0.end(PostgresError(.connectTimeout, "the server did not say who it is in time")) }
        }
        defer { timer.cancel() }
        self.serverIdentity = try ServerIdentity(answers: await self.perform(ServerIdentity.question))
    }
}
