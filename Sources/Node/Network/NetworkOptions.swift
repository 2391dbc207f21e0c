internal import EventLoop
internal import Network
internal import Primitives

/// What the shell needs beside the core's configuration.
struct NetworkOptions: Sendable {
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
