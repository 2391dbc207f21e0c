internal import Ledger
internal import Node
internal import Platform
internal import Primitives
internal import SystemPackage
internal import Terminal
internal import WholeFiles

/// The files of a devnet: keys, a genesis, a configuration for each node. What is there already is used again, so a devnet
/// whose folder was kept goes on where it stopped.
package struct DevnetPlan {
    /// Accounts that send the sample transactions.
    static let userCount = 4
    private static let userBalance: ByteString = "1000000000000000000000"

    struct NodeFiles {
        let name: String
        let configuration: String
        let log: String
        let dataDirectory: String
        let port: UInt16
        /// The port of its HTTP API; `nil` without one.
        let apiPort: UInt16?
        let isProducer: Bool
        var address: String { "127.0.0.1:\(port)" }
        var api: String? { apiPort.map { "http://127.0.0.1:\($0)" } }
    }

    let directory: String
    let nodes: [NodeFiles]
    let genesis: Genesis
    let users: [PrivateKey]

    /// - Parameters:
    ///   - basePort: the first node's P2P port; each node takes the next one.
    ///   - apiPort: the first node's API port, likewise; 0 for no API.
    package init(directory: String, producers: Int, full: Int, blockTime: String, basePort: UInt16, apiPort: UInt16) throws {
        self.directory = directory
        do throws(Errno) {
            try FileSystem.makeFolder(directory, mode: 0o755)
        } catch {
            guard error == .fileExists else {
                throw CommandFailure(.cannotCreate, "cannot create the devnet's folder \(directory): \(error)")
            }
        }
        let producerKeys = try (1...producers).map { try DevnetPlan.key("producer-\($0)", in: directory) }
        users = try (1...DevnetPlan.userCount).map { try DevnetPlan.key("user-\($0)", in: directory) }
        genesis = try DevnetPlan.genesis(in: directory, producers: producerKeys, users: users, blockTime: blockTime)

        // The last of them is the node that joins late.
        let names = (1...producers).map { "producer-\($0)" } + (0..<full).map { $0 == 0 ? "full" : "full-\($0 + 1)" } + ["late"]
        nodes = names.enumerated().map { index, name in
            NodeFiles(
                name: name, configuration: "\(directory)/\(name).yaml", log: "\(directory)/\(name).log",
                dataDirectory: "\(directory)/\(name).data", port: basePort + UInt16(index),
                apiPort: apiPort == 0 ? nil : apiPort + UInt16(index), isProducer: index < producers)
        }
        for node in nodes { try writeConfiguration(node) }
    }

    private static func key(_ name: String, in directory: String) throws -> PrivateKey {
        let path = "\(directory)/\(name).key"
        do throws(FileError) {
            if FileSystem.exists(path) { return try Files.loadKey(path) }
            var generator = SystemRandomNumberGenerator()
            let key = PrivateKey.generate(using: &generator)
            try Files.write(Hex.encode(key.secretBytes) + [0x0A], to: path, as: "key file", mode: 0o600, replaces: false)
            return key
        } catch {
            throw CommandFailure(error)
        }
    }

    private static func genesis(
        in directory: String, producers: [PrivateKey], users: [PrivateKey], blockTime: String
    ) throws -> Genesis {
        let path = "\(directory)/genesis.json"
        do {
            if !FileSystem.exists(path) {
                let configuration = GenesisConfiguration(
                    timestamp: SystemClock.unixSeconds, authorities: producers.map(\.address.checksummed),
                    initialState: ["chain:rules": "strict", "chain:block_time": ByteString(blockTime), "chain:name": "devnet"],
                    token: TokenConfiguration(name: "Podoru", symbol: "PDR"), gas: GasConfiguration(),
                    initialBalances: Dictionary(uniqueKeysWithValues: users.map { ($0.address.lowercased, userBalance) }))
                try Files.write(configuration.json, to: path, as: "genesis file", mode: 0o644, replaces: false)
            }
            let genesis = try Genesis(decoding: try Files.read(path, as: "genesis file", maxBytes: Files.maxGenesisBytes))
            guard genesis.authorities == producers.map(\.address.checksummed) else {
                throw CommandFailure(
                    .badData, "\(path) is of a devnet with other producers: use the same --producers as before, or another --dir")
            }
            return genesis
        } catch let error as FileError {
            throw CommandFailure(error)
        } catch let error as GenesisError {
            throw CommandFailure(.badData, "\(path): \(error)")
        }
    }

    private func writeConfiguration(_ node: NodeFiles) throws {
        let peers = nodes.filter { $0.isProducer && $0.name != node.name }.map { "  - \"\($0.address)\"\n" }.joined()
        var text = "# Made by `podoru devnet`.\n"
        text += "node_type: \(node.isProducer ? "producer" : "full")\n"
        if node.isProducer { text += "private_key: \"\(directory)/\(node.name).key\"\n" }
        text += "genesis_path: \"\(directory)/genesis.json\"\n"
        text += "data_dir: \"\(node.dataDirectory)\"\n"
        text += "p2p_bind_addr: \"127.0.0.1\"\np2p_port: \(node.port)\n"
        text += peers.isEmpty ? "bootstrap_peers: []\n" : "bootstrap_peers:\n" + peers
        if let apiPort = node.apiPort {
            text += "api_enabled: true\napi_bind_addr: \"127.0.0.1\"\napi_port: \(apiPort)\n"
            // All clients are programs of this machine, load generators among them.
            text += "api_requests_per_second: 0\n"
        } else {
            text += "api_enabled: false\n"
        }
        do throws(FileError) {
            try Files.write(Array(text.utf8), to: node.configuration, as: "configuration", mode: 0o644, replaces: true)
        } catch {
            throw CommandFailure(error)
        }
    }

    /// Checks that every port is free, before anything is started.
    package func checkPorts() throws {
        for node in nodes {
            for (port, what, option) in [(node.port, "peers", "--base-port"), (node.apiPort, "the API", "--api-port")] {
                guard let port, !Loopback.isFree(port) else { continue }
                throw CommandFailure(
                    .unavailable, "port \(port) on 127.0.0.1, which \(node.name) needs for \(what), is taken: choose others with \(option)")
            }
        }
    }
}
