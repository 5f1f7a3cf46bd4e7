import Testing
import WherryBroker
import WherryPostgres

@testable import WherryWorker

@Suite("A worker's configuration")
struct WorkerConfigurationTests {
    private static let environment = [
        "WHERRY_REGION": "syd", "WHERRY_BROKERS": "tcp://a:5570, tcp://b:5570", "DATABASE_URL": "postgres://primary/app",
    ]

    @Test("comes from the environment")
    func fromEnvironment() throws {
        var environment = Self.environment
        environment["WHERRY_CONCURRENCY"] = "4"
        environment["WHERRY_DRAIN_SECONDS"] = "7"
        let configuration = try Worker.Configuration.fromEnvironment(environment)
        #expect(configuration.region == "syd")
        #expect(configuration.brokers == ["tcp://a:5570", "tcp://b:5570"])
        #expect(configuration.database.conninfo == "postgres://primary/app")
        #expect(configuration.concurrency == 4)
        #expect(configuration.drainLimit == .seconds(7))
        #expect(configuration.broker == nil)
    }

    @Test("needs nothing but a database, and then runs a broker itself")
    func single() throws {
        let configuration = try Worker.Configuration.fromEnvironment(["DATABASE_URL": "postgres://primary/app"])
        #expect(configuration.region == "local")
        #expect(configuration.broker?.binds == ["tcp://127.0.0.1:7400"])
        #expect(configuration.migratesSchema)
    }

    @Test("needs no broker elsewhere if it runs one itself")
    func embedded() throws {
        var environment = Self.environment
        environment["WHERRY_BROKERS"] = nil
        environment["WHERRY_BIND"] = "tcp://*:5570"
        let configuration = try Worker.Configuration.fromEnvironment(environment)
        #expect(configuration.broker?.binds == ["tcp://*:5570"])
        #expect(configuration.broker?.region == "syd")
    }

    @Test(
        "is refused with the name of what is missing or wrong",
        arguments: [
            ("DATABASE_URL", nil), ("WHERRY_BROKERS", nil), ("WHERRY_CONCURRENCY", "many"), ("WHERRY_CONCURRENCY", "0"),
            ("WHERRY_DRAIN_SECONDS", "soon"), ("WHERRY_BROKERS", "broker:1"), ("WHERRY_MIGRATE", "perhaps"),
        ] as [(String, String?)])
    func refused(name: String, value: String?) throws {
        var environment = Self.environment
        environment[name] = value
        let error = try #require(throws: WorkerError.self) { try Worker.Configuration.fromEnvironment(environment) }
        #expect(error.code == .invalidConfiguration)
        #expect(error.message.contains(name))
    }

    @Test("is refused where it makes no sense")
    func nonsense() {
        let changes: [(inout Worker.Configuration) -> Void] = [
            { $0.region = "" }, { $0.brokers = ["broker:5570"] }, { $0.brokers = ["tcp://a:1", "tcp://a:1"] }, { $0.concurrency = 0 },
            { $0.drainLimit = .seconds(-1) }, { $0.heartbeatInterval = .zero }, { $0.maximumPayloadSize = 0 },
            { $0.upkeepInterval = .zero }, { $0.broker = BrokerConfiguration(region: "lax", binds: ["tcp://*:1"]) },
        ]
        for change in changes {
            var configuration = Worker.Configuration(region: "syd", brokers: ["tcp://a:1"], database: PostgresConfiguration("host=a"))
            change(&configuration)
            let changed = configuration
            #expect(throws: WorkerError.self) { try changed.validate() }
        }
    }
}
