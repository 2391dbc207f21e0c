internal import EventLoop
internal import Framing
internal import Peering
internal import Primitives

/// One connection on the loop: its socket, its half-received frame, and the shell it belongs to.
final class PeerSocket: TCPConnectionDelegate {
    let id: ConnectionID
    let connection: TCPConnection
    var decoder: FrameDecoder
    /// Not read for now: the core holds the peer back, or its next frame waits for the budget.
    var isPaused = false
    /// Waits for the frame budget, in the shell's queue.
    var isWaitingForBudget = false
    /// The core has let go of it; what still arrives is dropped.
    var isClosing = false
    private unowned let shell: NetworkShell

    init(id: ConnectionID, connection: TCPConnection, shell: NetworkShell) {
        self.id = id
        self.connection = connection
        self.shell = shell
        // Until the handshake has come nothing longer than one is let in.
        decoder = FrameDecoder(maxFrameBytes: NetworkLimits.maxFirstFrameBytes)
    }

    func connection(_ connection: TCPConnection, didRead bytes: UnsafeRawBufferPointer) {
        shell.read(bytes, from: self)
    }

    func connectionDidRiseAboveHighWater(_ connection: TCPConnection) {
        shell.congestionChanged(self, isCongested: true)
    }

    func connectionDidFallToLowWater(_ connection: TCPConnection) {
        shell.congestionChanged(self, isCongested: false)
    }

    func connectionDidClose(_ connection: TCPConnection, reason: CloseReason) {
        shell.closed(self, reason)
    }
}
