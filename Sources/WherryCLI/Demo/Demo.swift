import DemoShared
import Foundation
import WherryCore

/// The demo: two regions, an ocean between them, and an app that writes across it.
struct Demo {
    private let configuration: DemoConfiguration
    private var screen: DemoScreen

    init(_ configuration: DemoConfiguration, screen: DemoScreen) {
        self.configuration = configuration
        self.screen = screen
    }

    /// Shows everything and cleans up, also when it fails or its task is cancelled.
    ///
    /// - Throws: ``DemoError``, what the servers say, `CancellationError`.
    mutating func run() async throws -> DemoReport {
        let start = ContinuousClock.now
        let programs = try DemoPrograms.find()
        let file = try self.configuration.airports.map { URL(filePath: $0) } ?? programs.airports()
        let airports = try Self.read(file)
        let primary = try Self.city(self.configuration.primary, in: airports)
        let replica = try Self.city(self.configuration.replica, in: airports)
        let wan = self.wan(primary, replica)
        self.screen.introduce(wan, from: primary.city, to: replica.city, airports: airports.count)

        self.screen.working(on: "starting PostgreSQL in both regions")
        let regions = try await DemoRegions.start(wan)
        self.screen.started("PostgreSQL in both regions, with the ocean between them", after: ContinuousClock.now - start)
        do {
            var play = DemoPlay(programs: programs, regions: regions, airports: file, screen: self.screen)
            let (measurements, badJobs, halfway) = try await play.run()
            self.screen = play.screen
            self.screen.working(on: "counting rows")
            let audit = try await regions.audit(measurements, killed: halfway, kills: play.kills)
            await regions.stop()
            let report = DemoReport(
                wan: wan, airports: airports.count, measurements: audit.measurements, killedWorker: audit.killedWorker, badJobs: badJobs,
                elapsed: ContinuousClock.now - start)
            self.screen.conclude(report)
            return report
        } catch {
            self.screen.abandon()
            await regions.stop()
            throw error
        }
    }

    private static func read(_ file: URL) throws -> [Airport] {
        do {
            return try AirportFile.read(file)
        } catch {
            throw DemoError("\(file.path): \(error)")
        }
    }

    private static func city(_ code: String, in airports: [Airport]) throws(DemoError) -> Airport {
        guard let airport = airports.first(where: { $0.code == code.uppercased() }) else {
            throw DemoError("\(code) is none of the \(airports.count) airports in the file")
        }
        return airport
    }

    private func wan(_ primary: Airport, _ replica: Airport) -> WANSummary {
        let ends = [primary, replica].map { Coordinate(latitude: $0.latitude, longitude: $0.longitude) }
        let kilometres = ends[0].kilometres(to: ends[1])
        let roundTrip = self.configuration.roundTrip ?? FibreRoute(kilometres: kilometres).roundTrip
        return WANSummary(
            primary: primary.code, replica: replica.code, kilometres: kilometres, roundTripMilliseconds: roundTrip.milliseconds,
            jitterMilliseconds: self.configuration.jitter.milliseconds)
    }
}
