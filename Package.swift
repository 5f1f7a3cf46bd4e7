// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target; style.md says why each is on.
let house: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]
/// Targets that touch C also say where they leave memory safety.
let bridge: [SwiftSetting] = house + [.strictMemorySafety()]

let collections = Target.Dependency.product(name: "Collections", package: "swift-collections")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let configuration = Target.Dependency.product(name: "Configuration", package: "swift-configuration")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let metricsTesting = Target.Dependency.product(name: "MetricsTestKit", package: "swift-metrics")
let tracing = Target.Dependency.product(name: "Tracing", package: "swift-distributed-tracing")
let inMemoryTracing = Target.Dependency.product(name: "InMemoryTracing", package: "swift-distributed-tracing")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")

let package = Package(
    name: "wherry",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Wherry", targets: ["Wherry"]),
        .library(name: "WherryWorker", targets: ["WherryWorker"]),
        .library(name: "WherryBroker", targets: ["WherryBroker"]),
        .library(name: "WherryTestKit", targets: ["WherryTestKit"]),
        .executable(name: "wherry", targets: ["WherryCLI"]),
        .executable(name: "wherry-lab", targets: ["WherryLab"]),
        .executable(name: "wherry-demo-worker", targets: ["DemoWorker"]),
        .executable(name: "wherry-demo-app", targets: ["DemoApp"]),
        .executable(name: "wherry-chaos-worker", targets: ["ChaosWorker"]),
        .executable(name: "wherry-chaos-app", targets: ["ChaosApp"]),
        .executable(name: "wherry-quickstart", targets: ["Quickstart"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0", traits: []),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
    ],
    targets: [
        // C libraries
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"]), .brew(["libpq"])]),
        .systemLibrary(name: "CLibZMQ", providers: [.apt(["libzmq3-dev"]), .brew(["zeromq"])]),

        // Values and bridges
        .target(name: "WherryCore", swiftSettings: house),
        .target(name: "WherryEventLoop", dependencies: ["WherryCore", "CLibZMQ", collections], swiftSettings: bridge),
        .target(name: "WherryZeroMQ", dependencies: ["WherryCore", "WherryEventLoop", "CLibZMQ"], swiftSettings: bridge),
        .target(
            name: "WherryPostgres",
            dependencies: ["WherryCore", "WherryEventLoop", "CLibPQ", collections, logging, metrics],
            swiftSettings: bridge
        ),
        .target(name: "WherryWire", dependencies: ["WherryCore", protobuf], exclude: ["wherry.proto"], swiftSettings: house),

        // Settings, for all that is configured
        .target(name: "WherryConfiguration", dependencies: ["WherryCore", configuration, logging], swiftSettings: house),

        // Jobs
        .target(
            name: "WherryJobs",
            dependencies: ["WherryCore", "WherryEventLoop", "WherryPostgres", "WherryWire", crypto, logging, metrics, tracing],
            swiftSettings: house
        ),
        .target(
            name: "WherryMigrations",
            dependencies: ["WherryCore", "WherryPostgres", "WherryJobs", logging],
            swiftSettings: house
        ),

        // What users import
        .target(
            name: "WherryBroker",
            dependencies: [
                "WherryCore", "WherryConfiguration", "WherryEventLoop", "WherryZeroMQ", "WherryWire", collections, configuration, logging,
                lifecycle, unixSignals, metrics,
            ],
            swiftSettings: house
        ),
        .target(
            name: "WherryWorker",
            dependencies: [
                "WherryCore", "WherryConfiguration", "WherryEventLoop", "WherryZeroMQ", "WherryPostgres", "WherryWire", "WherryJobs",
                "WherryMigrations", "WherryBroker", collections, logging, lifecycle, configuration, metrics, tracing,
            ],
            swiftSettings: house
        ),
        .target(
            name: "Wherry",
            dependencies: [
                "WherryCore", "WherryConfiguration", "WherryEventLoop", "WherryZeroMQ", "WherryPostgres", "WherryWire", "WherryJobs",
                "WherryMigrations", collections, logging, lifecycle, crypto, configuration, metrics, tracing,
            ],
            swiftSettings: house
        ),

        // Real servers, tests, simulation, tools
        .target(
            name: "WherryCluster",
            dependencies: ["WherryCore", subprocess, system, nioCore, nioPosix, logging],
            swiftSettings: house
        ),
        .target(
            name: "WherryTestKit",
            dependencies: [
                "WherryCore", "WherryCluster", "WherryPostgres", "WherryJobs", "WherryMigrations", "WherryWire", "WherryBroker",
                "WherryWorker",
                "Wherry", lifecycle, logging,
            ],
            swiftSettings: house
        ),
        .target(
            name: "WherrySimulation",
            dependencies: [
                "WherryCore", "WherryWire", "WherryPostgres", "WherryJobs", "WherryBroker", "WherryWorker", "Wherry", collections, logging,
            ],
            swiftSettings: house
        ),
        .executableTarget(
            name: "WherryCLI",
            dependencies: [
                "WherryCore", "WherryEventLoop", "WherryZeroMQ", "WherryPostgres", "WherryWire", "WherryJobs", "WherryMigrations",
                "WherryBroker", "Wherry", "WherryCluster", "DemoShared", arguments, logging, lifecycle, unixSignals, subprocess, system,
                histogram,
            ],
            swiftSettings: house
        ),
        .executableTarget(
            name: "WherryLab",
            dependencies: [
                "WherryCore", "WherryEventLoop", "WherryZeroMQ", "WherryPostgres", "WherryMigrations", "WherryBroker", "WherryWorker",
                "Wherry", "WherryCluster", "WherrySimulation", "ChaosLog", "ChaosJobs", "ChaosChecker", arguments, logging, lifecycle,
                unixSignals, subprocess, system, histogram,
            ],
            swiftSettings: house
        ),

        // The chaos run's other processes, and its checker, which shares no code with what it checks
        .target(name: "ChaosLog", swiftSettings: house),
        .target(name: "ChaosChecker", dependencies: ["ChaosLog"], swiftSettings: house),
        .target(name: "ChaosJobs", dependencies: ["Wherry"], swiftSettings: house),
        .executableTarget(
            name: "ChaosApp",
            dependencies: ["ChaosJobs", "ChaosLog", "DemoShared", "Wherry", arguments, logging, lifecycle, unixSignals],
            swiftSettings: house
        ),
        .executableTarget(
            name: "ChaosWorker",
            dependencies: ["ChaosJobs", "DemoShared", "WherryWorker", logging, lifecycle, unixSignals],
            path: "workers/ChaosWorker",
            exclude: ["README.md"],
            swiftSettings: house
        ),

        // The demo's other processes, written as a user would write them
        .target(
            name: "DemoShared",
            dependencies: ["Wherry", lifecycle],
            path: "examples/DemoShared",
            exclude: ["README.md"],
            swiftSettings: house
        ),
        .executableTarget(
            name: "DemoApp",
            dependencies: ["DemoShared", "Wherry", "WherryPostgres", arguments, logging],
            path: "examples/DemoApp",
            exclude: ["README.md"],
            swiftSettings: house
        ),
        .executableTarget(
            name: "DemoWorker",
            dependencies: ["DemoShared", "WherryWorker", logging, lifecycle, unixSignals],
            path: "workers/DemoWorker",
            exclude: ["README.md"],
            swiftSettings: house
        ),

        // Examples
        .executableTarget(
            name: "Quickstart", dependencies: ["Wherry"], path: "examples/Quickstart", exclude: ["README.md"], swiftSettings: house),
        .target(
            name: "WebSession", dependencies: ["Wherry", hummingbird, lifecycle], path: "examples/WebSession", exclude: ["README.md"],
            swiftSettings: house),
        .target(name: "BulkImportJobs", dependencies: ["Wherry"], path: "examples/BulkImport/Jobs", swiftSettings: house),
        .executableTarget(
            name: "BulkImport", dependencies: ["BulkImportJobs", "Wherry"], path: "examples/BulkImport/App", swiftSettings: house),
        .executableTarget(
            name: "BulkImportWorker", dependencies: ["BulkImportJobs", "WherryWorker"], path: "examples/BulkImport/Worker",
            swiftSettings: house),
        .target(name: "GuestbookJobs", dependencies: ["Wherry"], path: "examples/Guestbook/Jobs", swiftSettings: house),
        .executableTarget(
            name: "Guestbook", dependencies: ["GuestbookJobs", "WebSession", "Wherry", hummingbird], path: "examples/Guestbook/App",
            swiftSettings: house),
        .executableTarget(
            name: "GuestbookWorker", dependencies: ["GuestbookJobs", "WherryWorker"], path: "examples/Guestbook/Worker",
            swiftSettings: house),

        // Tests
        .testTarget(name: "WherryCoreTests", dependencies: ["WherryCore"], swiftSettings: house),
        .testTarget(
            name: "WherryConfigurationTests",
            dependencies: ["WherryConfiguration", "WherryBroker", "WherryWorker", "Wherry", configuration, logging],
            swiftSettings: house
        ),
        .testTarget(name: "WherryEventLoopTests", dependencies: ["WherryCore", "WherryEventLoop"], swiftSettings: house),
        .testTarget(name: "WherryZeroMQTests", dependencies: ["WherryCore", "WherryEventLoop", "WherryZeroMQ"], swiftSettings: house),
        .testTarget(name: "WherryPostgresTests", dependencies: ["WherryCore", "WherryPostgres"], swiftSettings: house),
        .testTarget(name: "WherryWireTests", dependencies: ["WherryCore", "WherryWire", protobuf], swiftSettings: house),
        .testTarget(
            name: "WherryJobsTests", dependencies: ["WherryCore", "WherryPostgres", "WherryWire", "WherryJobs"], swiftSettings: house),
        .testTarget(name: "WherryMigrationsTests", dependencies: ["WherryMigrations"], swiftSettings: house),
        .testTarget(name: "WherryBrokerTests", dependencies: ["WherryCore", "WherryWire", "WherryBroker"], swiftSettings: house),
        .testTarget(
            name: "WherryWorkerTests",
            dependencies: ["WherryCore", "WherryWire", "WherryJobs", "WherryPostgres", "WherryBroker", "WherryWorker"], swiftSettings: house
        ),
        .testTarget(
            name: "WherryTests", dependencies: ["WherryCore", "WherryWire", "WherryJobs", "WherryPostgres", "Wherry"], swiftSettings: house),
        .testTarget(
            name: "WherryCLITests",
            dependencies: [
                "WherryCLI", "WherryCore", "WherryZeroMQ", "WherryPostgres", "WherryWire", "WherryJobs", "WherryMigrations", "Wherry",
                "DemoShared", arguments, lifecycle,
            ],
            swiftSettings: house),
        .executableTarget(name: "ClusterHolder", dependencies: ["WherryCluster"], path: "Tests/ClusterHolder", swiftSettings: house),
        .testTarget(
            name: "WherryClusterTests",
            dependencies: ["WherryCluster", "WherryCore", "ClusterHolder", subprocess, system, nioCore, nioPosix],
            swiftSettings: house),
        .testTarget(name: "ChaosCheckerTests", dependencies: ["ChaosChecker", "ChaosLog"], swiftSettings: house),
        .testTarget(name: "WherryLabTests", dependencies: ["WherryLab", subprocess], swiftSettings: house),
        .executableTarget(name: "MutantHunt", dependencies: ["WherrySimulation"], path: "Tests/MutantHunt", swiftSettings: house),
        .target(name: "FaultJobs", dependencies: ["Wherry"], path: "Tests/FaultWorker/Jobs", swiftSettings: house),
        .executableTarget(
            name: "FaultWorker", dependencies: ["FaultJobs", "WherryWorker", lifecycle], path: "Tests/FaultWorker/Worker",
            swiftSettings: house),
        .executableTarget(
            name: "StartStop",
            dependencies: ["FaultJobs", "WherryCore", "WherryBroker", "WherryWorker", "Wherry", lifecycle, logging],
            path: "Tests/StartStop", swiftSettings: house),
        .testTarget(name: "WherrySimulationTests", dependencies: ["WherrySimulation"], swiftSettings: house),
        .testTarget(
            name: "IntegrationTests",
            dependencies: [
                "WherryCore", "WherryEventLoop", "WherryZeroMQ", "WherryPostgres", "WherryWire", "WherryJobs", "WherryMigrations",
                "WherryBroker", "WherryWorker", "Wherry", "WherryCluster", "WherryTestKit", "WherryCLI", "WebSession", "Quickstart",
                "BulkImport", "BulkImportWorker", "Guestbook", "GuestbookWorker", "FaultJobs", "FaultWorker", "StartStop", lifecycle,
                logging,
                subprocess, system, metrics, metricsTesting, tracing, inMemoryTracing, configuration,
            ],
            swiftSettings: house
        ),
    ]
)

// What scripts/fuzz and scripts/sanitize build, in folders of their own: only what they run.
switch Context.environment["WHERRY_BUILD"] {
case "fuzz":
    package.products = [.executable(name: "wherry-fuzz", targets: ["Fuzz"])]
    package.targets = package.targets.filter { ["WherryCore", "WherryWire"].contains($0.name) }
    package.targets.append(
        .executableTarget(name: "Fuzz", dependencies: ["WherryCore", "WherryWire"], path: "Tests/Fuzz/Targets", swiftSettings: bridge)
    )
case "sanitized":
    let modules = [
        "WherryCore", "WherryConfiguration", "WherryEventLoop", "WherryZeroMQ", "WherryPostgres", "WherryWire", "WherryJobs",
        "WherryMigrations", "WherryBroker", "WherryWorker", "Wherry", "WherrySimulation",
    ]
    let kept = Set(modules + modules.map { "\($0)Tests" } + ["CLibPQ", "CLibZMQ"])
    package.products = []
    package.targets = package.targets.filter { kept.contains($0.name) }
default: break
}
