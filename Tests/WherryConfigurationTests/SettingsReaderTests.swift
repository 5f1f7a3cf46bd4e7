import Configuration
import Logging
import Testing

@testable import WherryConfiguration

@Suite("Settings are read")
struct SettingsReaderTests {
    private static func reader(_ environment: [String: String]) -> SettingsReader {
        SettingsReader(environment: environment, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test("by the names that swift-configuration gives them in the environment")
    func names() {
        for setting in Setting.all {
            for variable in setting.variables {
                #expect(Self.reader([variable: " value "]).text(setting) == "value", "\(variable)")
            }
        }
        #expect(Setting.primaryDatabase.variable == "WHERRY_PRIMARY_DATABASE_URL")
        #expect(Setting.region.variables == ["WHERRY_REGION", "FLY_REGION"])
        #expect(Setting.primaryRegion.variables == ["WHERRY_PRIMARY_REGION", "PRIMARY_REGION"])
    }

    @Test("with Wherry's own names before those of the host")
    func precedence() throws {
        let reader = Self.reader(["WHERRY_REGION": "lax", "FLY_REGION": "syd", "PRIMARY_REGION": "fra", "WHERRY_BROKERS": "tcp://a:1"])
        #expect(try reader.region() == "lax")
        #expect(try reader.primaryRegion(own: "lax") == "fra")
    }

    @Test("from a file's numbers, switches and lists as from the environment's text")
    func types() throws {
        let provider = InMemoryProvider(values: [
            "wherry.concurrency": 4, "wherry.deadlineSeconds": 2.5, "wherry.migrate": true,
            "wherry.brokers": .init(.stringArray(["tcp://a:1", "tcp://b:2"]), isSecret: false),
        ])
        let reader = SettingsReader(ConfigReader(provider: provider))
        var (number, duration, isOn) = (0, Duration.zero, false)
        try reader.read(.concurrency, into: &number)
        try reader.read(.deadline, into: &duration)
        try reader.read(.migrate, into: &isOn)
        #expect(number == 4)
        #expect(duration == .seconds(2.5))
        #expect(isOn)
        #expect(reader.list(.brokers) == ["tcp://a:1", "tcp://b:2"])
    }

    @Test("with an error that names the variable, the value and what it should be")
    func errors() {
        var number = 0
        let error = #expect(throws: SettingsError.self) {
            try Self.reader(["WHERRY_CONCURRENCY": "many"]).read(.concurrency, into: &number)
        }
        let message = error?.message ?? ""
        #expect(message == "WHERRY_CONCURRENCY (wherry.concurrency) is 'many'; it must be a whole number from 1 to 1000, for example 16")
    }

    @Test("and no secret is in an error or a reader's description")
    func secrets() {
        let reader = Self.reader(["DATABASE_URL": "postgres://app:hunter2@a/b"])
        #expect(!"\(reader)".contains("hunter2"))
        #expect(!SettingsError.wrong(.database, "hunter2", Setting.database.expectation).message.contains("hunter2"))
    }

    @Test("with one region where nothing else is said, and an error where it cannot be guessed")
    func regions() throws {
        #expect(try Self.reader([:]).region() == "local")
        #expect(try Self.reader([:]).primaryRegion(own: "local") == "local")
        #expect(try Self.reader(["WHERRY_REGION": "lax"]).primaryRegion(own: "lax") == "lax")
        #expect(throws: SettingsError.self) { try Self.reader(["WHERRY_PRIMARY_REGION": "syd"]).region() }
        let ambiguous = Self.reader(["WHERRY_REGION": "lax", "WHERRY_BROKERS": "tcp://a:1"])
        #expect(throws: SettingsError.self) { try ambiguous.primaryRegion(own: "lax") }
    }

    @Test("with a warning of a misspelt variable, and with the one that was meant")
    func misspelt() {
        let warnings = SettingsReader.warnings(about: [
            "WHERRY_BROKER": "tcp://a:1", "WHERRY_REGION": "lax", "WHERRY_ZEBRA": "1", "HOME": "/",
        ])
        #expect(
            warnings == [
                "the environment variable WHERRY_BROKER means nothing to Wherry: did you mean WHERRY_BROKERS?",
                "the environment variable WHERRY_ZEBRA means nothing to Wherry: docs/configuration.md has all of them",
            ])
    }

    @Test("and refused where a broker is none", arguments: ["b:1", "=tcp://b:1", "lax=b:1", "tcp://", "http://b:1"])
    func noBroker(text: String) {
        #expect(throws: SettingsError.self) { try Setting.brokerAddresses([text]) }
    }
}
