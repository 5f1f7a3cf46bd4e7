import Testing

@testable import WherryPostgres

@Suite("Connection options")
struct ConnectionOptionsTests {
    @Test("ask for UTF-8, name the application, and put settings where RESET ALL comes back to them")
    func defaults() throws {
        var configuration = PostgresConfiguration("postgresql://me@db.example:6000/shop?options=-c%20geqo%3Doff")
        configuration.sessionSettings = ["search_path": "a b", "lock_timeout": "1s"]
        let options = try #require(try ConnectionOptions.attempts(for: configuration).first)
        #expect(options["host"] == "db.example")
        #expect(options["client_encoding"] == "UTF8")
        #expect(options["application_name"] == "wherry")
        #expect(options["options"] == "-c geqo=off -c lock_timeout=1s -c search_path=a\\ b")
        #expect(options["tcp_user_timeout"] == "20000")
    }

    @Test("leave alone what the connection string says")
    func explicit() throws {
        let configuration = PostgresConfiguration("host=h application_name=mine keepalives_idle=77")
        let options = try #require(try ConnectionOptions.attempts(for: configuration).first)
        #expect(options["application_name"] == "mine")
        #expect(options["keepalives_idle"] == "77")
    }

    @Test("take lists of hosts apart")
    func hosts() throws {
        let options = try ConnectionOptions(parsing: "host=a,b,c port=1,2,3").separated(environment: .none)
        #expect(options.map { "\($0["host"] ?? ""):\($0["port"] ?? "")" } == ["a:1", "b:2", "c:3"])
        let onePort = try ConnectionOptions(parsing: "postgresql://a,b/x").separated(environment: .none)
        #expect(onePort.map { $0["host"] } == ["a", "b"])
        let addresses = try ConnectionOptions(parsing: "hostaddr=10.0.0.1,10.0.0.2 port=5").separated(environment: .none)
        #expect(addresses.map { $0["hostaddr"] } == ["10.0.0.1", "10.0.0.2"])
    }

    @Test("leave lists that do not fit to libpq, and hosts of a service file too")
    func unfitting() throws {
        #expect(try ConnectionOptions(parsing: "host=a,b,c port=1,2").separated(environment: .none).count == 1)
        #expect(try ConnectionOptions(parsing: "host=a,b service=s").separated(environment: .none).count == 1)
        #expect(try ConnectionOptions(parsing: "dbname=x").separated(environment: .none).count == 1)
    }

    @Test("ask all hosts for a standby before they take any server")
    func preferStandby() throws {
        let options = try ConnectionOptions(parsing: "host=a,b target_session_attrs=prefer-standby").separated(environment: .none)
        #expect(options.map { "\($0["host"] ?? "") \($0["target_session_attrs"] ?? "")" } == ["a standby", "b standby", "a any", "b any"])
    }

    @Test(
        "say nothing of what cannot be read",
        arguments: [
            "s3cr3t", "password=a s3cr3t", "postgresql://u:p@h:s3cr3t/x", "postgresql://u:p@s3cr3t@h/x", "postgresql://u:s3cr3t/x@h/x",
            "postgresql://u:p@h/x?s3cr3t=1", "password='s3cr3t",
        ]
    )
    func unreadable(conninfo: String) {
        let error = #expect(throws: PostgresError.self) { try ConnectionOptions(parsing: conninfo) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error.map { "\($0)".contains("s3cr3t") } == false)
        #expect(!"\(PostgresConfiguration(conninfo))".contains("s3cr3t"))
    }

    @Test("read libpq's account of a failure: SQLSTATE out, source lines and password away")
    func failures() {
        let text = """
            connection to server at "127.0.0.1", port 5432 failed: FATAL:  28P01: password authentication failed for user "hunter2"
            LOCATION:  auth_failed, auth.c:330
            """
        let error = PostgresError(connectFailure: text, hiding: "hunter2")
        #expect(error.sqlState == "28P01")
        #expect(
            error.message == #"connection to server at "127.0.0.1", port 5432 failed: FATAL: password authentication failed for user "***""#
        )
        let refused = PostgresError(
            connectFailure: "connection to server failed: Connection refused\n\tIs the server running?", hiding: nil)
        #expect(refused.sqlState == nil)
        #expect(refused.isRetryable)
    }
}
