internal import ChainService
internal import EventLoop
internal import Ledger
public import PodoruConfiguration
internal import Storage
public import WholeFiles

/// Why a node could not start, or did not take a new configuration.
public struct NodeError: Error, Sendable {
    /// Each is one answer for whoever runs the node (`operations.md`, "Exit codes").
    public enum Kind: Hashable, Sendable {
        /// The configuration contradicts the genesis, the key or itself.
        case configuration
        /// The genesis file is none.
        case genesis
        /// A file that the configuration names.
        case file(FileError.Kind)
        /// The data directory cannot be opened or is damaged.
        case store
        /// The data directory cannot be made.
        case storeFolder
        /// The data directory is not for this user.
        case storePermission
        /// The data belongs to another genesis.
        case otherGenesis
        /// The listening address is taken or is not ours.
        case address
        /// The system has no room for the node.
        case system
    }

    public let kind: Kind
    public let reason: String
    public let remedy: String
    public let properties: [ConfigurationProperty]

    init(_ kind: Kind, _ reason: String, remedy: String, _ properties: ConfigurationProperty...) {
        self.kind = kind
        self.reason = reason
        self.remedy = remedy
        self.properties = properties
    }
}

extension NodeError: ConfigurationObjection {}

extension NodeError: CustomStringConvertible {
    /// Without a place: `ConfigurationPlaces` knows it.
    public var description: String { "\(reason); \(remedy)" }
}

extension NodeError {
    init(_ error: FileError, _ property: ConfigurationProperty) {
        self.init(.file(error.kind), error.reason, remedy: error.remedy, property)
    }

    init(_ error: GenesisError, path: String) {
        self.init(
            .genesis, "the genesis file \(path) is wrong: \(error)",
            remedy: "correct it, or take the one that the network's other nodes have", \.genesisPath)
    }

    init(_ error: StoreError) {
        let kind: Kind =
            switch (error.operation, error.kind) {
            case (.createDirectory, _): .storeFolder
            case (_, .denied): .storePermission
            default: .store
            }
        self.init(kind, error.reason, remedy: error.advice, \.dataDir)
    }

    init(_ error: ChainDirectoryError, directory: String, genesisPath: String) {
        switch error {
        case .genesisFile(let error): self.init(error, path: genesisPath)
        case .store(let error), .chain(.store(let error as StoreError)): self.init(error)
        case .chain(.otherGenesis), .otherRules:
            self.init(.otherGenesis, "\(directory): \(error.reason)", remedy: error.advice, \.genesisPath, \.dataDir)
        case .chain, .noGenesis, .storedGenesis:
            self.init(.store, "\(directory): \(error.reason)", remedy: error.advice, \.dataDir)
        }
    }

    init(listeningOn address: String, _ error: EventLoopError) {
        let reason = "cannot listen on \(address): \(error.text)"
        switch error.code {
        case .addressInUse:
            self.init(.address, reason, remedy: "stop the program that has the port, or choose another `p2p_port`", \.p2pPort)
        case .addressNotAvailable:
            self.init(.address, reason, remedy: "choose an address of this machine as `p2p_bind_addr`", \.p2pBindAddr)
        case .permissionDenied:
            self.init(.address, reason, remedy: NodeError.lowPort("p2p_port"), \.p2pPort)
        case .tooManyFiles: self.init(.system, reason, remedy: NodeError.moreFiles)
        default: self.init(.address, reason, remedy: "choose another `p2p_bind_addr` or `p2p_port`", \.p2pBindAddr, \.p2pPort)
        }
    }

    /// What to do where only the privileged may listen.
    public static func lowPort(_ key: String) -> String {
        "choose a `\(key)` from 1024 on, or give the service the privilege for lower ones with the drop-in low-port.conf in share/podoru"
    }

    private static let moreFiles = "raise the limit of open files (`ulimit -n`)"

    static func loop(_ error: EventLoopError) -> NodeError {
        NodeError(.system, "\(error)", remedy: error.code == .tooManyFiles ? moreFiles : "raise the limit of processes (`ulimit -u`)")
    }
}
