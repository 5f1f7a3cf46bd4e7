import Testing
import Wherry
import WherryJobs

@Suite("A client's configuration")
struct ClientConfigurationTests {
    static let complete = [
        "WHERRY_REGION": "lax", "WHERRY_PRIMARY_REGION": "syd", "WHERRY_BROKERS": "tcp://a:1, tcp://b:2",
        "DATABASE_URL": "postgres://app:secret@replica/app", "WHERRY_DEADLINE_SECONDS": "2.5",
    ]

    @Test("is read from the environment")
    func environment() throws {
        let configuration = try WherryClient.Configuration.fromEnvironment(Self.complete)
        #expect(configuration.region == "lax")
        #expect(configuration.primaryRegion == "syd")
        #expect(configuration.brokers == ["tcp://a:1", "tcp://b:2"])
        #expect(configuration.deadline == .seconds(2.5))
        #expect(!"\(configuration)".contains("secret"))
    }

    @Test("names the variable that is missing", arguments: ["WHERRY_REGION", "WHERRY_PRIMARY_REGION", "WHERRY_BROKERS", "DATABASE_URL"])
    func missing(variable: String) {
        var environment = Self.complete
        environment[variable] = " "
        let error = #expect(throws: JobError.self) { try WherryClient.Configuration.fromEnvironment(environment) }
        #expect(error?.code == .misconfigured)
        #expect(error?.message.contains(variable) == true)
    }

    @Test(
        "refuses what makes no sense before anything is opened",
        arguments: [
            ("WHERRY_BROKERS", "broker:1"), ("WHERRY_BROKERS", "tcp://a:1,tcp://a:1"), ("WHERRY_BROKERS", ","),
            ("WHERRY_DEADLINE_SECONDS", "soon"), ("WHERRY_DEADLINE_SECONDS", "-1"), ("WHERRY_DEADLINE_SECONDS", "1e300"),
            ("WHERRY_DEADLINE_SECONDS", "7200"), ("WHERRY_REGION", String(repeating: "x", count: 201)),
        ]
    )
    func nonsense(variable: String, value: String) {
        var environment = Self.complete
        environment[variable] = value
        let error = #expect(throws: JobError.self) { try WherryClient.Configuration.fromEnvironment(environment) }
        #expect(error?.code == .misconfigured)
    }
}
