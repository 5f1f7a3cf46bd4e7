import Foundation
import Logging
import Testing
import Wherry
import WherryBroker
import WherryWorker

@testable import WherryConfiguration

@Suite("The table of configuration")
struct ConfigurationTableTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @Test("in the documentation is the one in the code")
    func documentation() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "docs/configuration.md"), encoding: .utf8)
        #expect(text.contains(Setting.table), "docs/configuration.md must have this table:\n\(Setting.table)")
    }

    /// A configuration as text, with everything that was read.
    private static func describe(_ program: Setting.Program, _ environment: [String: String]) throws -> String {
        var environment = environment
        switch program {
        case .client:
            environment["DATABASE_URL"] = environment["DATABASE_URL"] ?? "postgres://localhost/app"
            return Self.text(of: try WherryClient.Configuration.fromEnvironment(environment, logger: Self.logger))
        case .worker:
            environment["DATABASE_URL"] = environment["DATABASE_URL"] ?? "postgres://localhost/app"
            return Self.text(of: try Worker.Configuration.fromEnvironment(environment, logger: Self.logger))
        case .broker:
            environment["WHERRY_BIND"] = environment["WHERRY_BIND"] ?? "tcp://127.0.0.1:*"
            return Self.text(of: try BrokerConfiguration.fromEnvironment(environment, logger: Self.logger))
        }
    }

    private static func text(of configuration: Any) -> String {
        var text = ""
        dump(configuration, to: &text)
        return text
    }

    @Test("tells the defaults that the code has", arguments: Setting.Program.allCases)
    func defaults(program: Setting.Program) throws {
        let plain = try Self.describe(program, [:])
        for setting in Setting.all {
            guard let value = setting.defaults[program], !value.isEmpty else { continue }
            // To name a region is no longer to say nothing, so that nothing is migrated and no broker is run.
            let isRegion = [Setting.region.key, Setting.primaryRegion.key].contains(setting.key)
            guard !isRegion else { continue }
            #expect(try Self.describe(program, [setting.variable: value]) == plain, "\(setting.variable)=\(value)")
        }
    }

    @Test("names nothing that is not read", arguments: Setting.Program.allCases)
    func read(program: Setting.Program) throws {
        let base: [String: String] =
            program == .broker ? [:] : ["WHERRY_REGION": "x", "WHERRY_PRIMARY_REGION": "x", "WHERRY_BROKERS": "tcp://x:1"]
        var bound = base
        if program == .worker { bound["WHERRY_BIND"] = "tcp://127.0.0.1:*" }
        let plain = try Self.describe(program, bound)
        for setting in Setting.all where setting.defaults[program] != nil {
            var environment = bound
            environment[setting.variable] = Self.otherValue(
                of: setting, than: environment[setting.variable] ?? setting.defaults[program] ?? "")
            if setting.key == Setting.region.key, program == .worker { environment["WHERRY_PRIMARY_REGION"] = nil }
            #expect(try Self.describe(program, environment) != plain, "\(setting.variable) changes nothing in a \(program)")
        }
    }

    private static func otherValue(of setting: Setting, than value: String) -> String {
        switch setting.kind {
        case .name: "other"
        case .database: "postgres://elsewhere/other"
        case .endpoints: "tcp://127.0.0.1:7411"
        case .number(let range): String(Int(value) == range.lowerBound ? range.lowerBound + 1 : range.lowerBound)
        case .seconds: setting.key == Setting.maximumDeadline.key ? "7200" : "7"
        // Nothing is migrated here anyway: a region is named.
        case .toggle: setting.key == Setting.migrate.key ? "on" : "off"
        }
    }
}
