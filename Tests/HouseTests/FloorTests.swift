import Testing

/// Who may import whom.
@Suite struct FloorTests {
    /// The house from the bottom up. A module may import those of lower floors, and none of its own floor.
    static let floors: [[String]] = [
        ["Primitives", "RateLimiter"],
        ["Network", "Platform"],
        ["Ledger", "Wire", "EventLoop", "PodoruConfiguration"],
        ["Storage", "WholeFiles", "Peering", "Gossip", "Sync", "Mempool", "Consensus", "Session"],
        ["Chain"],
        ["ProtocolCore"],
        ["ChainService", "Supervisor", "NodeLogging"],
        ["Node", "ChainTools"],
        ["API", "Terminal"],
        ["NodeClient"],
        ["Operator", "Devnet"],
        ["podoru", "podoru-bench"],
    ]

    /// Values only: no clock, socket, task, file or global.
    static let core = [
        "Primitives", "RateLimiter", "Network", "Ledger", "Wire", "Peering", "Gossip", "Sync", "Mempool", "Consensus", "Session", "Chain",
        "ProtocolCore",
    ]
    /// The commands: what they say goes to the terminal.
    static let commands = ["podoru", "podoru-bench", "Terminal"]

    /// The one module that knows a C library; its types stay behind it.
    private static let wrappers: [String: Set<String>] = [
        "CUV": ["EventLoop"], "CLMDB": ["Storage"], "CYAML": ["PodoruConfiguration"], "CSecp256k1": ["Primitives"],
        "CHash": ["Primitives", "Ledger"],
        "CPosix": ["Platform"],
        "CCrash": ["Platform", "Storage"], "CZlib": ["Storage", "ChainTools"], "CEchoReference": ["podoru-bench"],
    ]

    private static func floor(of module: String) -> Int? { floors.firstIndex { $0.contains(module) } }

    @Test func everyModuleHasItsFloor() {
        let known = Set(Self.floors.flatMap { $0 })
        #expect(House.modules.subtracting(known) == [], "say on which floor it stands")
    }

    @Test func anImportRunsDownwardsOnly() {
        var found: [String] = []
        for (module, imported) in House.imports {
            for other in imported {
                guard let upper = Self.floor(of: module), let lower = Self.floor(of: other) else { continue }
                if lower >= upper { found.append("\(module) imports \(other)") }
            }
        }
        #expect(found.sorted() == [])
    }

    @Test func theCoreDoesNotKnowTheMachine() {
        let found = House.findings(in: Self.core) { line in
            guard let name = House.importedModule(line) else { return false }
            let own = Self.core + ["CHash", "CSecp256k1", "DequeModule", "OrderedCollections", "HeapModule"]
            return !own.contains(name)
        }
        #expect(found == [])
    }

    @Test func theCoreHasNoClockTaskOrChanceOfItsOwn() {
        let words = [
            "Task {", "Task.", "Date()", "ContinuousClock", "SuspendingClock", "DispatchQueue", "SystemRandomNumberGenerator", "Mutex<",
            "Atomic<", "clock_gettime", "await ",
        ]
        #expect(House.findings(in: Self.core) { line in words.contains { line.contains($0) } } == [])
    }

    @Test func theCoreSpeaksMessagesAndKnowsNoFrames() {
        let words: Set<String> = ["FrameEncoder", "FrameDecoder", "FrameBudget", "Envelope", "Dialect", "Transport"]
        let core = ["Peering", "Gossip", "Sync", "ProtocolCore"]
        #expect(House.findings(in: core) { line in Names.words(in: line).contains { words.contains($0.name) } } == [])
        #expect(House.findings(in: ["Gossip", "Sync"]) { House.importedModule($0) == "Wire" } == [])
    }

    @Test func noSourceImportsFoundation() {
        #expect(House.findings { House.importedModule($0)?.hasPrefix("Foundation") ?? false } == [])
    }

    @Test func aCLibraryIsKnownToItsWrapperAlone() {
        var found: [String] = []
        for source in House.sources {
            for line in source.code {
                guard let name = House.importedModule(line), let wrapper = Self.wrappers[name] else { continue }
                if !wrapper.contains(source.module) { found.append("\(source.path) imports \(name)") }
                if line.contains("public ") { found.append("\(source.path) shows \(name) to all") }
            }
        }
        #expect(found == [])
    }

    @Test func theCLibraryIsImportedInOneHeader() {
        let found = House.findings { line in
            if let name = House.importedModule(line) { return ["Glibc", "Musl", "Darwin", "Foundation"].contains(name) }
            let words = ["canImport(Glibc)", " strerror(", "(strerror(", "ContinuousClock", "SuspendingClock", "clock_gettime"]
            return words.contains { line.contains($0) }
        }
        #expect(found == [], "what the system does is asked of Platform")
    }
}
