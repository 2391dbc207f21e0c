// swift-tools-version: 6.3
import PackageDescription

// The layers, from the bottom up. An import runs downwards only; `Tests/HouseTests` reads this file's
// rules back from the sources. docs/architecture.md says what each module is for.

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: "\(name)Tests", dependencies: dependencies + ["TestKit"], swiftSettings: strict)
}

let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let ordered: Target.Dependency = .product(name: "OrderedCollections", package: "swift-collections")
let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let heap: Target.Dependency = .product(name: "HeapModule", package: "swift-collections")

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
]
let websocket: Target.Dependency = .product(name: "NIOWebSocket", package: "swift-nio")

let package = Package(
    name: "podoru",
    products: [
        .executable(name: "podoru", targets: ["podoru"]),
        .library(name: "PodoruWire", targets: ["Network", "Wire", "RateLimiter"]),
        .library(name: "PodoruLedger", targets: ["Primitives", "Ledger"]),
        .library(
            name: "PodoruProtocol", targets: ["ProtocolCore", "Session", "Peering", "Gossip", "Sync", "Chain", "Mempool", "Consensus"]),
        .library(name: "PodoruEventLoop", targets: ["EventLoop", "Platform"]),
        .library(name: "PodoruNode", targets: ["Node", "ChainService", "API", "ChainTools", "NodeLogging", "Supervisor"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: [
        // C: the system's libraries (one target, one module map, a module a library) and our hashes.
        .systemLibrary(
            name: "CSystemShims", path: "CSystemShims",
            providers: [.apt(["libuv1-dev", "libyaml-dev", "zlib1g-dev", "libsecp256k1-dev", "liblmdb-dev"])]),
        .target(name: "CHash"),
        // C: what a crash leaves behind, in a signal handler.
        .target(name: "CCrash"),
        // C: threads ask for no priority. For the command alone; a library leaves that to its host.
        .target(name: "CPriority"),

        // The system under everything that is no value: files, clocks, processes, sockets, threads. The C library is imported here alone.
        module("Platform", ["CCrash", "CSystemShims", system]),

        // The core: values only. No clock, socket, task, file or global.
        module("Primitives", ["CHash", "CSystemShims"]),
        module("Ledger", ["Primitives", "CHash"]),
        module("RateLimiter", []),
        module("Network", ["Primitives"]),
        module("Wire", ["Primitives", "Network"]),
        module("Peering", ["Primitives", "Network", "Wire", ordered]),
        module("Gossip", ["Primitives", "Network", "RateLimiter", deque, ordered]),
        module("Sync", ["Primitives", "Network", deque]),
        module("Session", ["Primitives", "Network", "Wire", deque]),
        module("Mempool", ["Primitives", "Ledger", deque, heap]),
        module("Consensus", ["Primitives", "Ledger"]),
        // What runs on the chain's thread: the chain's processor, and what the core and it say to each other.
        module("Chain", ["Primitives", "Ledger", "Network", "Wire", "Gossip", "Sync", "Mempool", "Consensus"]),
        module(
            "ProtocolCore",
            ["Primitives", "Ledger", "Network", "Wire", "RateLimiter", "Session", "Peering", "Gossip", "Sync", "Consensus", "Chain", deque]),

        // The machine: sockets, disk, files.
        module("EventLoop", ["Platform", "CSystemShims", deque]),
        module("Storage", ["Platform", "Primitives", "Ledger", "CCrash", "CSystemShims", system]),
        module("PodoruConfiguration", ["Platform", "Network", "Primitives", "CSystemShims", system]),

        // Files that are read and written whole: keys, the genesis, what a command makes.
        module("WholeFiles", ["Platform", "Primitives", "Ledger", system]),
        // The chain's side of the machine: its thread, the signature pool, what others see of the chain.
        module(
            "ChainService",
            [
                "Platform", "Primitives", "Ledger", "Network", "Wire", "Sync", "Mempool", "Chain", "EventLoop", "Storage", "WholeFiles",
                logging, deque,
            ]),

        // What a node writes: its log, and what it tells whoever started it.
        module("NodeLogging", ["Platform", "WholeFiles", "Primitives", logging, system]),
        module("Supervisor", ["Platform", "WholeFiles", "Primitives", system]),

        // The shell and the commands.
        module(
            "Node",
            [
                "Platform", "Primitives", "Ledger", "Network", "Wire", "Peering", "Sync", "Mempool", "Consensus", "Chain", "Session",
                "ProtocolCore",
                "EventLoop", "Storage", "PodoruConfiguration", "WholeFiles", "ChainService", "NodeLogging", "Supervisor", logging,
            ]),
        module(
            "API",
            [
                "Platform", "Node", "ChainService", "Chain", "ProtocolCore", "Peering", "PodoruConfiguration", "Storage", "Mempool",
                "Ledger", "Network",
                "Wire", "Primitives",
                "RateLimiter", logging, deque,
                websocket, system,
            ] + nio),
        // Blocks in and out of a store: import, export, verify.
        module("ChainTools", ["Platform", "ChainService", "WholeFiles", "Storage", "Ledger", "Primitives", "CSystemShims", deque, system]),

        // The command. What it says and how it ends, a client of a node's API, what an operator is shown, a network on one machine; the
        // executable itself reads the command line and nothing else.
        module("Terminal", ["Platform", "WholeFiles", "NodeLogging", "Primitives", arguments, system]),
        module("NodeClient", ["Platform", "Terminal", "PodoruConfiguration", "Ledger", "Primitives", system] + nio),
        module(
            "Operator",
            [
                "Platform", "NodeClient", "Terminal", "API", "Node", "WholeFiles", "PodoruConfiguration", "EventLoop", "Storage", "Mempool",
                "Network",
                "Wire", "Ledger", "Primitives", logging, .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"), system,
            ]),
        module(
            "Devnet",
            [
                "Platform", "NodeClient", "Terminal", "Supervisor", "Node", "WholeFiles", "EventLoop", "Storage", "Wire", "Ledger",
                "Primitives", system,
            ]),
        .executableTarget(
            name: "podoru",
            dependencies: [
                "Platform", "Operator", "Devnet", "NodeClient", "Terminal", "ChainTools", "ChainService", "WholeFiles", "API", "Node",
                "NodeLogging", "Supervisor", "PodoruConfiguration", "EventLoop", "Storage", "Ledger", "Primitives", "CPriority",
                arguments,
                logging, system,
            ],
            swiftSettings: strict,
            plugins: ["NameCommit"]),
        // Writes into the command which commit it was built from, where git is at hand.
        .plugin(name: "NameCommit", capability: .buildTool()),
        .executableTarget(
            name: "podoru-bench",
            dependencies: [
                "Platform", "ChainTools", "ChainService", "WholeFiles", "Supervisor", "Node", "EventLoop", "Network", "Wire", "Ledger",
                "Storage",
                "Primitives", "CEchoReference", arguments, system,
            ] + nio,
            swiftSettings: strict),
        // What the event loop is measured against.
        .target(name: "CEchoReference", linkerSettings: [.linkedLibrary("uv")]),

        // Tests.
        .target(
            name: "TestKit", dependencies: ["Network", "Ledger", "Primitives", "CSystemShims"], path: "Tests/TestKit", swiftSettings: strict
        ),
        tests("Primitives", ["Primitives", "CHash"]),
        tests("Ledger", ["Ledger", "Primitives"]),
        tests("RateLimiter", ["RateLimiter"]),
        tests("Network", ["Network"]),
        tests("Wire", ["Wire", "Network", "Primitives"]),
        tests("Peering", ["Peering", "Network", "Wire", "Primitives"]),
        tests("Gossip", ["Gossip", "Network", "Primitives"]),
        tests("Session", ["Session", "Network", "Wire", "Primitives"]),
        tests("Sync", ["Sync", "Network", "Primitives"]),
        tests("Mempool", ["Mempool", "Ledger", "Primitives"]),
        tests("Consensus", ["Consensus", "Ledger", "Primitives"]),
        tests(
            "ProtocolCore",
            [
                "ProtocolCore", "Session", "Peering", "Gossip", "Sync", "Chain", "Mempool", "Consensus", "Network", "Wire", "Ledger",
                "Primitives", deque,
            ]),
        tests("Chain", ["Chain", "Gossip", "Sync", "Mempool", "Network", "Wire", "Ledger", "Primitives"]),
        tests("Platform", ["Platform", system]),
        tests("EventLoop", ["Platform", "EventLoop"]),
        tests("Storage", ["Platform", "Storage", "Ledger", "Primitives"]),
        tests("Configuration", ["PodoruConfiguration", "Network", "Peering", "Sync", "Primitives"]),
        tests(
            "Node",
            [
                "Platform", "podoru", "Devnet", "ChainTools", "ChainService", "WholeFiles", "NodeLogging", "Supervisor", "Node",
                "ProtocolCore",
                "Chain",
                "Consensus", "Sync",
                "Peering",
                "EventLoop",
                "PodoruConfiguration", "Storage", "Mempool", "Ledger", "Network", "Wire", "Primitives", logging,
            ]),
        tests("ChainService", ["ChainService", "Chain", "Network", "Wire", "Ledger", "Primitives"]),
        tests(
            "API",
            [
                "podoru", "API", "ChainTools", "ChainService", "Chain", "Node", "ProtocolCore", "Peering", "PodoruConfiguration", "Storage",
                "Mempool", "Ledger",
                "Network", "Wire", "Primitives", logging,
                websocket,
            ] + nio),
        tests("NodeLogging", ["NodeLogging", "Primitives", logging]),
        tests("Supervisor", ["Supervisor"]),
        tests("NodeClient", ["NodeClient", "Terminal", "Ledger", "Primitives"]),
        tests("Operator", ["Operator", "ChainService", "NodeClient", "Terminal", "PodoruConfiguration", "Storage", "Wire", "Primitives"]),
        tests("Devnet", ["Platform", "Devnet", "Supervisor", "Primitives"]),
        // Runs the built command as an operator does.
        tests(
            "Command",
            [
                "podoru", "Operator", "NodeClient", "Terminal", "ChainService", "WholeFiles", "Wire", "Ledger", "Primitives",
            ]),
        tests("Peer", ["podoru", "ChainService", "Ledger", "Primitives"]),
        // Reads what `deploy/` installs with the tools that an operator has.
        tests("Deploy", ["podoru", "API", "PodoruConfiguration"]),
        tests("House", []),
    ]
)
