internal import EventLoop
internal import Network
internal import Primitives

/// What the shell needs beside the core's configuration.
struct NetworkOptions: Sendable {
    /// How often half-received frames are looked at for their deadline. The deadline itself is tens of seconds.
    static let frameCheckInterval = Duration.seconds(1)
    /// How long a closing connection may take to send what was written before: the reason of the close is usually
    /// that the other side is at fault, so it is not waited for.
    static let flushDeadline = Duration.seconds(2)
    /// Local addresses that are remembered for having been reached: a host has few, and one is enough to find it.
    static let maxReachedAddresses = 8

    var listenAddress: SocketAddress
    /// Signs the handshake, so that nobody else can take this node's name.
    var identity: PrivateKey?
    var dialTimeout = EventLoopLimits.connectDeadline
    var tcp = TCPOptions()
    /// Told of what only a log can do something with.
    var onProblem: @Sendable (String) -> Void = { _ in }
}

extension Endpoint {
    init(_ address: SocketAddress) {
        let ip = address.isIPv4 ? IPAddress(ipv4: UInt32(truncatingIfNeeded: address.low)) : IPAddress(high: address.high, low: address.low)
        self.init(address: ip, port: address.port)
    }
}
