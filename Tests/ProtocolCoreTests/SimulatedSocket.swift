import DequeModule
import Network
import Peering
import Primitives
import Session

/// One direction of a simulated connection: what is written waits in the sender's queue for room, travels, and waits in the receiver's
/// buffers until it is read. Marks and cap are those of `TCPOptions`.
struct SimulatedPipe {
    static let highWaterBytes = 1 << 20
    static let lowWaterBytes = 256 << 10
    static let queueCapBytes = 16 << 20
    /// What one read takes.
    static let readBytes = 64 << 10

    /// Bytes that the buffers of both systems hold together.
    var window = 256 << 10
    /// `nil` for a line without a limit.
    var bytesPerSecond: Int64?
    /// Whether the receiver reads. What arrives while it does not waits in `arrived`.
    var isRead = true

    private var queue: Deque<ArraySlice<UInt8>> = []
    private(set) var queuedBytes = 0
    private(set) var isAboveHighWater = false
    /// Sent and not read yet.
    private var held = 0
    private var arrived: Deque<ArraySlice<UInt8>> = []
    /// When the line has taken what was sent so far.
    private(set) var freeAt: Nanoseconds = 0

    /// Takes bytes into the queue. Returns false when it is full.
    mutating func write(_ bytes: [UInt8]) -> Bool {
        guard queuedBytes + bytes.count <= Self.queueCapBytes else { return false }
        queue.append(bytes[...])
        queuedBytes += bytes.count
        return true
    }

    /// Takes the next piece that may travel off the queue, and when it has left; `nil` while there is none or no room.
    mutating func send(at time: Nanoseconds) -> (bytes: ArraySlice<UInt8>, leaves: Nanoseconds)? {
        guard held < window, let first = queue.popFirst() else { return nil }
        let piece = first.prefix(min(window - held, Self.readBytes))
        if piece.count < first.count { queue.prepend(first.dropFirst(piece.count)) }
        queuedBytes -= piece.count
        held += piece.count
        if let bytesPerSecond { freeAt = max(freeAt, time) + Int64(piece.count) * 1_000_000_000 / bytesPerSecond }
        return (piece, max(freeAt, time))
    }

    mutating func arrive(_ bytes: ArraySlice<UInt8>) { arrived.append(bytes) }

    /// What the receiver reads next, if it reads and something has arrived.
    mutating func read() -> ArraySlice<UInt8>? {
        guard isRead, let bytes = arrived.popFirst() else { return nil }
        held -= bytes.count
        return bytes
    }

    /// Whether the queue has passed a mark since the last call: `true` for the high one, `false` for the low one.
    mutating func passedMark() -> Bool? {
        if !isAboveHighWater, queuedBytes > Self.highWaterBytes {
            isAboveHighWater = true
            return true
        }
        if isAboveHighWater, queuedBytes <= Self.lowWaterBytes {
            isAboveHighWater = false
            return false
        }
        return nil
    }

    var socketQueue: SocketQueue { SocketQueue(byteCount: queuedBytes, isAboveHighWater: isAboveHighWater) }
}

/// Who has an end of a simulated connection: a node, or a stranger that a test speaks for.
protocol SimulatedHost: AnyObject {
    var isRunning: Bool { get }
    func arrived(_ bytes: ArraySlice<UInt8>, at socket: SimulatedSocket)
    func drained(_ socket: SimulatedSocket)
    func congestionChanged(_ socket: SimulatedSocket, isCongested: Bool)
    func closed(_ socket: SimulatedSocket, _ reason: DisconnectReason)
}

/// One end of a simulated connection.
final class SimulatedSocket {
    /// What the host calls it.
    var id = PeerID(slot: 0, generation: 0)
    unowned let host: any SimulatedHost
    fileprivate(set) weak var other: SimulatedSocket?
    /// From here to the other end.
    var pipe = SimulatedPipe()
    private(set) var isOpen = true
    /// What is written vanishes, as behind a broken link.
    var isCut: () -> Bool = { false }
    private unowned let network: SimulatedNetwork

    private init(_ host: any SimulatedHost, _ network: SimulatedNetwork) {
        self.host = host
        self.network = network
    }

    static func pair(_ one: any SimulatedHost, _ two: any SimulatedHost, in network: SimulatedNetwork) -> (SimulatedSocket, SimulatedSocket)
    {
        let sockets = (SimulatedSocket(one, network), SimulatedSocket(two, network))
        (sockets.0.other, sockets.1.other) = (sockets.1, sockets.0)
        return sockets
    }

    /// Returns false when the queue is full.
    func write(_ bytes: [UInt8]) -> Bool {
        if isCut() { return true }
        guard isOpen, pipe.write(bytes) else { return false }
        flow()
        tellMark()
        return true
    }

    var isReading: Bool {
        get { other?.pipe.isRead ?? false }
        set {
            other?.pipe.isRead = newValue
            if newValue { network.after(0) { [self] in read() } }
        }
    }

    /// Closes both ends. The other one hears of it after what has been sent before; what still waits in the queue is lost.
    func close() {
        guard isOpen else { return }
        isOpen = false
        let host = host
        network.after(0) { [self] in host.closed(self, .closedByPeer) }
        network.after(max(0, pipe.freeAt - network.time) + network.latency) { [other] in
            guard let other, other.isOpen else { return }
            other.isOpen = false
            other.host.closed(other, .closedByPeer)
        }
    }

    /// Lets travel what there is room for.
    private func flow() {
        var hasSent = false
        while let (bytes, leaves) = pipe.send(at: network.time) {
            hasSent = true
            network.after(leaves - network.time + network.latency) { [self] in
                pipe.arrive(bytes)
                other?.read()
            }
        }
        if hasSent { tellMark() }
    }

    private func tellMark() {
        guard let isCongested = pipe.passedMark() else { return }
        network.after(0) { [self] in if isOpen { host.congestionChanged(self, isCongested: isCongested) } }
    }

    /// Reads what has arrived while the host reads.
    private func read() {
        while isOpen, host.isRunning, let bytes = other?.pipe.read() {
            host.arrived(bytes, at: self)
            other?.goOn()
        }
    }

    /// The other end has read: there is room again.
    private func goOn() {
        let before = pipe.queuedBytes
        flow()
        if isOpen, pipe.queuedBytes < before { host.drained(self) }
    }
}
