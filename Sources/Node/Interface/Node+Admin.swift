internal import ChainService
internal import EventLoop
public import Logging
internal import Network
internal import NodeLogging
internal import Peering
internal import PodoruConfiguration
internal import Primitives
internal import ProtocolCore

// What an operator asks of a running node. Nothing of it outlives the process: what is to last belongs into the configuration.
// Each verb is one visit to the loop and a line in the log.

/// Why a running node does not do what its operator asks. Each case is one answer of the admin socket.
public enum AdminError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The words make no sense: no address, no level.
    case malformed(String)
    /// There is nobody or nothing of that name.
    case unknown(String)
    /// It is understood, and cannot be done as things stand.
    case refused(String)
    /// The node has stopped.
    case stopped

    public var description: String {
        switch self {
        case .malformed(let text), .unknown(let text), .refused(let text): text
        case .stopped: NodeStopped().description
        }
    }
}

/// One banned address, for the operator.
public struct NodeBan: Hashable, Sendable {
    /// An IPv4 address, or the first of the /64 that is banned.
    public var address: String
    /// When it is free again, unix seconds.
    public var until: Int64
    /// Whether the operator asked for it; else the faults of its peers did.
    public var isOperators: Bool
}

extension Node {
    // MARK: Peers

    /// Dials `host:port` now, and for ever again when it is not connected, like a bootstrap peer, until it is removed.
    ///
    /// - Returns: false when it is in the list already; it is dialled at once then too.
    /// - Throws: `AdminError`, for what is no endpoint, this node itself, a banned address, or one too many.
    public func addPeer(_ address: String) async throws(AdminError) -> Bool {
        guard let endpoint = Endpoint(address) else { throw .malformed(AdminWords.noEndpoint(address)) }
        let isNew = try await order { shell throws(OperatorRefusal) in try shell.addPeer(endpoint) }
        log.notice("the operator added a peer", metadata: ["peer": "\(endpoint)", "new": "\(isNew)"])
        return isNew
    }

    /// Closes the connections to a peer and does not dial it again. It may come back by itself: `ban` keeps it out.
    ///
    /// - Parameter name: `host:port` as the peer list shows it, or the `0x` address of its identity key.
    /// - Returns: the number of connections closed.
    public func removePeer(_ name: String) async throws(AdminError) -> Int {
        let selector: PeerSelector
        if name.hasPrefix("0x"), let node = Address(ByteString(name)) {
            selector = .node(node)
        } else if let endpoint = Endpoint(name) {
            selector = .endpoint(endpoint)
        } else {
            throw .malformed("\(AdminWords.quoted(name)) is neither host:port nor the 0x address of a node")
        }
        let count = try await order { shell throws(OperatorRefusal) in try shell.removePeer(selector) }
        log.notice("the operator removed a peer", metadata: ["peer": "\(name)", "connections": "\(count)"])
        return count
    }

    // MARK: Bans

    /// Closes all connections of an address and lets none come about for `duration`: from one second to a year. Holds for loopback, exempt
    /// and configured addresses too. An IPv6 address stands for its /64.
    ///
    /// - Returns: the number of connections closed.
    public func ban(_ address: String, for duration: Duration) async throws(AdminError) -> Int {
        guard let ip = IPAddress(address) else { throw .malformed(AdminWords.noAddress(address)) }
        let seconds = duration.components.seconds
        let span = Nanoseconds.seconds(max(0, seconds))
        let count = try await order { shell throws(OperatorRefusal) in try shell.ban(ip, for: span) }
        log.notice("the operator banned an address", metadata: ["address": "\(ip)", "seconds": "\(seconds)", "connections": "\(count)"])
        return count
    }

    /// Lifts every ban of an address, the one for faults too, and forgets its score.
    public func unban(_ address: String) async throws(AdminError) {
        guard let ip = IPAddress(address) else { throw .malformed(AdminWords.noAddress(address)) }
        try await order { shell throws(OperatorRefusal) in try shell.unban(ip) }
        log.notice("the operator lifted a ban", metadata: ["address": "\(ip)"])
    }

    /// All banned addresses, those that the operator banned first. At most 2048.
    public func bans() async throws(AdminError) -> [NodeBan] {
        try await order { shell throws(OperatorRefusal) in shell.bans() }
    }

    // MARK: Producing

    /// Makes no more blocks after the one under way, until `resumeProduction`.
    ///
    /// - Throws: `AdminError.refused` on a node that makes none.
    public func pauseProduction() async throws(AdminError) { try await setProductionPaused(true) }

    /// Makes blocks again.
    public func resumeProduction() async throws(AdminError) { try await setProductionPaused(false) }

    private func setProductionPaused(_ isPaused: Bool) async throws(AdminError) {
        let isProducer = try await order { shell throws(OperatorRefusal) in shell.setProductionPaused(isPaused) }
        guard isProducer else { throw .refused("this node is a full node and makes no blocks: there is nothing to pause or resume") }
        log.notice(isPaused ? "the operator paused production" : "the operator resumed production")
    }

    // MARK: The log

    /// The log level of the process, where whoever runs the node gave it a handle.
    public var currentLogLevel: Logger.Level? { logLevel?.current }

    /// Changes the log level until the configuration is read again.
    ///
    /// - Parameter name: `trace`, `debug`, `info`, `notice`, `warning`, `error` or `critical`.
    public func setLogLevel(_ name: String) throws(AdminError) {
        guard let level = Logger.Level(rawValue: name.lowercased()) else {
            let names = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw .malformed("\(AdminWords.quoted(name)) is no log level: use one of \(names)")
        }
        guard let logLevel else { throw .refused("the log level of this process is not the node's to change") }
        logLevel.current = level
        log.notice("the operator changed the log level", metadata: ["level": "\(level.rawValue)"])
    }

    // MARK: The loop

    /// Runs `body` on the loop, where the peers are.
    private func order<Answer: Sendable>(
        _ body: @escaping @Sendable (NetworkShell) throws(OperatorRefusal) -> Answer
    ) async throws(AdminError) -> Answer {
        let shell = shell
        let answer: Answer?
        do throws(OperatorRefusal) {
            answer = try await loop.perform { () throws(OperatorRefusal) -> Answer? in
                shell.isStopping ? nil : try body(shell)
            }
        } catch {
            throw AdminError(error)
        }
        guard let answer else { throw .stopped }
        return answer
    }
}

extension AdminError {
    init(_ refusal: OperatorRefusal) {
        switch refusal {
        case .notDialable, .durationOutOfRange: self = .malformed("\(refusal)")
        case .unknownPeer, .notBanned: self = .unknown("\(refusal)")
        case .ownEndpoint, .banned, .tooManyPeers, .tooManyBans: self = .refused("\(refusal)")
        }
    }
}

/// Sentences that several verbs share.
private enum AdminWords {
    /// Characters of a wrong word that are said back.
    private static let longestQuote = 80

    static func quoted(_ text: String) -> String { "\"\(Redaction.value(text).prefix(longestQuote))\"" }
    static func noEndpoint(_ text: String) -> String { EndpointAdvice.text(for: text) ?? "\(quoted(text)) is no endpoint: write host:port" }
    static func noAddress(_ text: String) -> String {
        "\(quoted(text)) is no IP address: bans are by address, without a port; `podoru status` and the peer list show them"
    }
}
