import Foundation
import Ledger
import Platform
import Storage
import Supervisor
import TestKit
import WholeFiles

@testable import ChainTools
@testable import Devnet
@testable import Node

/// `podoru run` as a process, seen through what it reports to its supervisor.
// Unchecked: one task at a time uses it.
final class SupervisedNode: @unchecked Sendable {
    private let name: String
    private let configurationPath: String
    let dataPath: String
    private let logPath: String
    private let disk: SmallDisk?
    private let asNobody: Bool
    private var child: DevnetProcess?
    private var readyPort: UInt16?
    /// The highest height that it reported as committed, over all its lives.
    private(set) var lastCommitted: UInt64 = 0
    /// The pending transactions that it reported last.
    private var lastMempool: UInt64 = 0
    private(set) var exitCode: Int32?

    private static let becomeNobody = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

    /// Whether we may become another user who can run the node.
    static let canBeNobody: Bool = {
        guard getuid() == 0, access(becomeNobody[0], X_OK) == 0 else { return false }
        return TestProcess.succeeds(becomeNobody + [TestProcess.podoru.path, "--version"])
    }()

    /// Held while a child is started and while a store is open here: between its birth and its program a child has a copy of
    /// every open file, and with it the store's lock.
    private static let files = NSLock()

    /// - Parameters:
    ///   - disk: where the process is to see its data directory, when that is on a small disk.
    ///   - log: where its standard error goes, instead of a file of its own.
    ///   - asNobody: as a user whom permissions concern (`canBeNobody`).
    init(
        _ network: TestNetwork, _ name: String, authority: Int?, bootstrap: [UInt16], extra: String = "", disk: SmallDisk? = nil,
        log: String? = nil, asNobody: Bool = false
    ) throws {
        self.name = name
        self.asNobody = asNobody
        self.disk = disk
        configurationPath = network.directory.file("\(name).yaml")
        dataPath = disk.map { "\($0.path)/data" } ?? network.dataPath(name)
        logPath = log ?? network.directory.file("\(name).log")
        var text = "genesis_path: \"\(network.genesisPath)\"\ndata_dir: \"\(dataPath)\"\n"
        text += "p2p_bind_addr: \"127.0.0.1\"\np2p_port: 0\napi_enabled: false\n" + extra
        text += "bootstrap_peers: [\(bootstrap.map { "\"127.0.0.1:\($0)\"" }.joined(separator: ", "))]\n"
        if let authority { text += "node_type: producer\nprivate_key: \"\(network.keyPath(authority))\"\n" }
        try Data(text.utf8).write(to: URL(fileURLWithPath: configurationPath))
    }

    func start() throws {
        readyPort = nil
        lastMempool = 0
        exitCode = nil
        child = try onItsDisk { [self] in
            try SupervisedNode.files.withLock {
                let words =
                    (asNobody ? SupervisedNode.becomeNobody : []) + [
                        TestProcess.podoru.path, "run", "--config", configurationPath, "--supervisor-fd",
                        "\(DevnetProcess.supervisorDescriptor)",
                    ]
                return try DevnetProcess.start(name: name, executable: words[0], arguments: Array(words[1...]), logPath: logPath)
            }
        }
    }

    private func onItsDisk<R>(_ body: @escaping () throws -> R) throws -> R {
        try disk?.run(body) ?? body()
    }

    /// Takes in what it reported. Fails when it has ended by itself.
    private func read() throws {
        guard let child else { return }
        for line in child.readLines() {
            switch NodeReport(line: line) {
            case .ready(let ready): readyPort = ready.port
            case .status(let status):
                lastCommitted = max(lastCommitted, status.committed)
                lastMempool = status.mempool
            // Blocks of its own and of a sync are reported once they are on disk.
            case .block(let block) where block.origin != .gossip: lastCommitted = max(lastCommitted, block.height)
            case .block, nil: break
            }
        }
        if child.reap() {
            throw TestFailure("\(name) ended: \(child.ending.map { "\($0)" } ?? "?"): \(log.suffix(2000))")
        }
    }

    /// What it wrote to standard error, over all its lives.
    var log: String { (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? "" }

    /// The sentence with which it ended last. It begins with the place in the configuration where it is about that.
    var lastWords: String? {
        log.split(separator: "\n").last { $0.hasPrefix("podoru: ") || $0.hasPrefix("\(configurationPath):") }.map(String.init)
    }

    /// The highest height that it has reported as committed by now.
    func committed() throws -> UInt64 {
        try read()
        return lastCommitted
    }

    /// How many pending transactions it has reported last by now.
    func mempool() throws -> Int {
        try read()
        return Int(lastMempool)
    }

    func port() async throws -> UInt16 {
        try await eventually("\(name) is ready") {
            try read()
            return readyPort != nil
        }
        return readyPort ?? 0
    }

    // MARK: Ends

    /// SIGKILL; returns once the process is gone. What it reported last counts.
    func kill() {
        guard let child else { return }
        child.signal(.kill)
        while !child.reap() { usleep(200) }
        try? read()
        self.child = nil
    }

    /// SIGTERM, and waits for the end.
    func terminate() async throws {
        guard let child else { return }
        child.signal(.terminate)
        try await end()
    }

    /// Waits until it ends by itself; its exit code, 128 and the signal when one ended it.
    @discardableResult
    func end() async throws -> Int32 {
        guard let child else { return exitCode ?? -1 }
        try await eventually("\(name) ends") { child.reap() }
        try? read()
        exitCode = child.ending?.shellStatus
        self.child = nil
        return exitCode ?? -1
    }

    // MARK: What it left

    /// Looks into the store that it left, which is opened as a starting node opens it.
    func withStore<R>(_ body: @escaping (LMDBStore) throws -> R) throws -> R {
        try onItsDisk { [dataPath] in
            try SupervisedNode.files.withLock { try body(try LMDBStore(directory: dataPath, access: .existing)) }
        }
    }

    /// As `withStore`; `nil` when it was killed before it had made one.
    func withStoreIfAny<R>(_ body: @escaping (LMDBStore) throws -> R) throws -> R? {
        do {
            return try withStore(body)
        } catch let error as StoreError {
            guard error.kind == .missing else { throw error }
            return nil
        }
    }

    func storedHeight() throws -> UInt64 {
        try withStore { try $0.head()?.height ?? 0 }
    }

    /// Checks the whole store that it left: its height.
    func verifiedHeight() throws -> UInt64 {
        try onItsDisk { [dataPath] in
            try SupervisedNode.files.withLock {
                let outcome = try StoreVerifier(directory: dataPath, now: { ReferenceChain.now }).run()
                if let fault = outcome.fault { throw fault }
                return outcome.head.height
            }
        }
    }

    /// Takes its data away: the next life begins with none.
    func forget() throws {
        try FileManager.default.removeItem(atPath: dataPath)
        lastCommitted = 0
    }

    // MARK: Moments

    /// Lets so much time pass: the moment of a kill, not a wait for something.
    func wait(milliseconds: Int64) async throws {
        try await Task.sleep(for: .milliseconds(milliseconds))
    }

    /// Lets time pass until so many milliseconds into a second of the wall clock.
    func wait(untilMillisecondsOfSecond goal: Int64) async throws {
        let now = SystemClock.unixMilliseconds % 1000
        try await wait(milliseconds: (goal - now + 2000) % 1000)
    }
}
