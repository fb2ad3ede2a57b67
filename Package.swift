// swift-tools-version: 6.2
import PackageDescription

/// The layers of docs/architecture.md.
///
/// A target may import only what is listed for it here, and the build
/// (`--explicit-target-dependency-import-check error`) holds it to that.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .treatAllWarnings(as: .error),
]

func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(of name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.init(stringLiteral: name)] + dependencies, swiftSettings: strict)
}

let package = Package(
    name: "lodestone",
    products: [.executable(name: "lodestone", targets: ["lodestone"])],
    targets: [
        // Layer 0: C libraries from Debian, one module map and one header each.
        .systemLibrary(name: "CCurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CMicroHTTPD", providers: [.apt(["libmicrohttpd-dev"])]),
        .systemLibrary(name: "COpenSSL", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CYAML", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CPlatform"),

        // Layer 1: values, measurements, threads, bytes over a wire, cryptography.
        library("Model", ["CPlatform"]),
        library("Telemetry", []),
        library("Threads", []),
        library("Crypto", ["COpenSSL"]),
        library("Transport", ["CCurl", "CMicroHTTPD", "CZlib", "CPlatform"]),

        // Layer 2: one foreign format or system each.
        library("Manifests", ["Model", "CYAML"]),
        library("Store", ["Model", "Threads", "Crypto", "CSQLite"]),
        library("Etcd", ["Model", "Transport", "Crypto", "CPlatform"]),

        // Layer 3: what is done with clusters.
        library("Archive", ["Model", "Threads", "Transport", "Etcd", "Crypto", "CPlatform", "CZstd"]),
        library("Replication", ["Model", "Threads", "Transport", "Etcd", "Crypto", "CPlatform"]),
        library("Nodes", ["Model", "Threads", "CPlatform"]),
        library("Inspectors", ["Model"]),
        library("Observers", ["Model", "Transport", "Etcd"]),

        // Layer 4: reconciling in general; knows nothing of etcd.
        library("ControllerRuntime", ["Model", "Store", "Telemetry"]),

        // Layer 5: reconciling etcd, and the face to the outside.
        library(
            "Controller",
            [
                "Model", "Telemetry", "Transport", "Crypto", "Store", "Etcd", "Archive", "Replication", "Nodes",
                "Inspectors", "Observers", "ControllerRuntime",
            ]),
        library("API", ["Model", "Threads", "Manifests", "Telemetry", "Transport", "Crypto", "Store"]),

        library(
            "Client",
            [
                "Model", "Threads", "Crypto", "Manifests", "Transport", "Etcd", "Archive", "Observers", "Inspectors",
                "CPlatform",
            ]),

        // Layer 6: the one executable.
        .executableTarget(
            name: "lodestone",
            dependencies: [
                "Model", "Telemetry", "Transport", "Crypto", "Manifests", "Store", "Etcd", "Archive", "Nodes",
                "Inspectors", "ControllerRuntime", "Controller", "API", "Client", "CPlatform",
            ], swiftSettings: strict),

        // Programs that compare with stock tools; scripts/bench runs them.
        .executableTarget(
            name: "lodestone-bench",
            dependencies: [
                "Model", "Telemetry", "Crypto", "Transport", "Store", "Etcd", "Archive", "Replication", "API",
                "TestSupport",
            ],
            path: "Benchmarks/lodestone-bench", swiftSettings: strict),

        // Tests mirror Sources.
        .target(
            name: "TestSupport",
            dependencies: ["Model", "Threads", "Transport", "Etcd", "Archive", "Nodes", "CPlatform"],
            path: "Tests/TestSupport", swiftSettings: strict),
        tests(of: "Model", []),
        tests(of: "Telemetry", []),
        tests(of: "Threads", ["TestSupport"]),
        tests(of: "Crypto", []),
        tests(of: "Transport", ["TestSupport", "Crypto"]),
        tests(of: "Manifests", ["Model", "TestSupport"]),
        tests(
            of: "Client",
            [
                "Model", "Manifests", "Transport", "Telemetry", "Crypto", "Store", "Etcd", "Archive", "API",
                "TestSupport",
            ]),
        tests(of: "Store", ["Model", "Threads", "TestSupport"]),
        tests(of: "Etcd", ["TestSupport", "Transport", "Model", "Crypto"]),
        tests(of: "Archive", ["TestSupport", "Model", "Etcd", "Crypto", "Transport"]),
        tests(of: "Replication", ["TestSupport", "Model", "Etcd", "Crypto", "Transport"]),
        tests(of: "Nodes", ["TestSupport", "Model"]),
        tests(of: "Inspectors", ["Model"]),
        tests(of: "Observers", ["TestSupport", "Model", "Inspectors", "Transport", "Etcd", "Crypto"]),
        tests(
            of: "Controller",
            [
                "TestSupport", "Model", "Store", "ControllerRuntime", "Nodes", "Observers", "Inspectors", "Telemetry",
                "Transport", "Etcd", "Archive",
            ]),
        .testTarget(
            name: "EndToEndTests", dependencies: ["lodestone", "TestSupport", "Model", "Crypto", "Etcd", "Transport"],
            swiftSettings: strict),
        tests(of: "ControllerRuntime", ["Model", "Store", "Telemetry", "TestSupport"]),
        tests(of: "API", ["Model", "Manifests", "Store", "Telemetry", "Transport", "Crypto", "TestSupport"]),
    ]
)
