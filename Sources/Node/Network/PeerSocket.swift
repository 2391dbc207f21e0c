internal import EventLoop
internal import Network
internal import Peering
internal import Primitives
internal import Wire

/// One connection on the loop: its socket, its half-received frame, and the shell it belongs to.
final class PeerSocket: TCPConnectionDelegate {
    let id: PeerID
    let connection: TCPConnection
    var transport = Transport()
    /// The core holds the peer back.
    var isHeldBack = false
    /// Its next frame waits for the budget, in the shell's queue.
    var isWaitingForBudget = false
    /// Since when the socket is not read, for either reason.
    var pausedSince: Nanoseconds?
    /// The last answer to a block request is still in the write queue, which is above its high-water mark.
    var isAnswerQueued = false
    /// Bytes in the write queue when it was last looked at, and how often in a row it had not shrunk.
    var lastQueued = 0
    var checksWithoutProgress = 0
    /// The core has let go of it; what still arrives is dropped.
    var isClosing = false
    /// Not read for now.
    var isPaused: Bool { isHeldBack || isWaitingForBudget }
    private unowned let shell: NetworkShell

    init(id: PeerID, connection: TCPConnection, shell: NetworkShell) {
        self.id = id
        self.connection = connection
        self.shell = shell
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
