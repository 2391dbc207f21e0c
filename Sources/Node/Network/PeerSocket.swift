internal import EventLoop
internal import Network
internal import Primitives
internal import ProtocolCore
internal import Session

/// What libuv tells of one connection, as events of the shell.
final class PeerSocket: TCPConnectionDelegate, Identifiable {
    let id: PeerID
    let connection: TCPConnection
    private unowned let shell: NetworkShell

    init(id: PeerID, connection: TCPConnection, shell: NetworkShell) {
        self.id = id
        self.connection = connection
        self.shell = shell
    }

    func close(flushes: Bool) {
        if flushes { connection.close(flushingWithin: .nanoseconds(SessionLimits.flushDeadline)) } else { connection.close() }
    }

    func connection(_ connection: TCPConnection, didRead bytes: UnsafeRawBufferPointer) {
        shell.read(bytes, from: id)
    }

    func connection(_ connection: TCPConnection, didDrainTo byteCount: Int) {
        shell.happened { swarm, _ in swarm.drained(id, to: byteCount) }
    }

    func connectionDidRiseAboveHighWater(_ connection: TCPConnection) {
        shell.happened { $0.congestionChanged(id, isCongested: true, at: $1) }
    }

    func connectionDidFallToLowWater(_ connection: TCPConnection) {
        shell.happened { $0.congestionChanged(id, isCongested: false, at: $1) }
    }

    func connectionDidClose(_ connection: TCPConnection, reason: CloseReason) {
        shell.closed(id, reason)
    }
}
