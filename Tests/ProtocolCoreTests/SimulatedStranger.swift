import Network
import Peering
import Primitives
import Wire

/// A peer that says only what a test wants said, byte by byte if need be, and reads only when the test wants it to.
final class SimulatedStranger: SimulatedHost {
    let isRunning = true
    var socket: SimulatedSocket?
    /// Whole messages that it has read, in order.
    private(set) var heard: [Envelope] = []
    private(set) var closed: DisconnectReason?
    private var decoder = FrameDecoder()
    private var budget = FrameBudget()

    /// Connects and shakes hands.
    init(_ network: SimulatedNetwork, to node: SimulatedNode, chainID: String) {
        network.connect(self, to: node)
        let hello = Handshake(
            version: "1.0.0", chainID: chainID, height: 0, nodeType: .full, listenAddress: "",
            capabilities: [Capability.ping, Capability.transactionBatch], nodeID: nil, nonce: network.random.next())
        say(.handshake, hello.encode())
    }

    static func frame(_ type: MessageType, _ payload: [UInt8]) -> [UInt8] {
        (try? FrameEncoder.frame(type: type, payload: payload, timestamp: 0)) ?? []
    }

    func say(_ type: MessageType, _ payload: [UInt8]) { _ = socket?.write(Self.frame(type, payload)) }
    func write(_ bytes: [UInt8]) { _ = socket?.write(bytes) }

    func ping() { say(.ping, Ping(nonce: 1, height: 0).encode()) }

    /// A frame of `byteCount` bytes of a type that nobody knows.
    static func frame(type: UInt64, byteCount: Int) -> [UInt8] {
        let (head, tail) = (Array("{\"type\":\(type),\"payload\":\"".utf8), Array("\",\"timestamp\":0}".utf8))
        let filling = byteCount - head.count - tail.count
        let payload = [UInt8](repeating: UInt8(ascii: "A"), count: filling / 4 * 4)
        let blanks = [UInt8](repeating: UInt8(ascii: " "), count: filling % 4)
        return withUnsafeBytes(of: UInt32(byteCount).bigEndian) { Array($0) } + head + payload + tail + blanks
    }

    func count(of type: MessageType) -> Int { heard.count { $0.known == type } }

    var pongs: [UInt64] {
        heard.compactMap { message in
            guard message.known == .pong else { return nil }
            return try? Ping(decoding: message.payload, type: .pong).nonce
        }
    }

    func arrived(_ bytes: ArraySlice<UInt8>, at socket: SimulatedSocket) {
        bytes.withUnsafeBytes { bytes in
            var rest = bytes
            while case .frame(let frame) = decoder.next(&rest, budget: &budget, now: 0) {
                if let message = try? frame.withUnsafeBytes({ try Envelope(decoding: $0) }) { heard.append(message) }
            }
        }
    }

    func drained(_ socket: SimulatedSocket) {}
    func congestionChanged(_ socket: SimulatedSocket, isCongested: Bool) {}
    func closed(_ socket: SimulatedSocket, _ reason: DisconnectReason) { closed = reason }
}
