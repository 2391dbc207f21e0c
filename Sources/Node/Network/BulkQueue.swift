internal import DequeModule
internal import EventLoop
internal import Network
internal import Wire

/// Frames that nobody waits for (`Lane.bulk`), on their way to the sockets a few a turn of the loop.
///
/// A batch of 100 transactions is a frame of 60 KB, and writing it to one socket takes some 40 µs. In one go to fifty peers, that
/// is 2 ms in which no ping is answered and no block is relayed.
struct BulkQueue {
    /// Bytes written in one turn, at least a frame: a batch of 100 small transactions.
    static let bytesPerTurn = 64 << 10
    /// Frames that may wait. Over it all are written at once: then the loop is so busy that turns are what it lacks. Receivers share a
    /// frame's bytes, so this bounds entries rather than memory.
    static let capacity = 4096

    var waiting: Deque<(id: PeerID, frame: [UInt8])> = []
    /// The next turn goes on with it.
    var isDraining = false
}

extension NetworkShell {
    func queueBulk(_ frame: [UInt8], to id: PeerID) {
        bulk.waiting.append((id, frame))
        if bulk.waiting.count > BulkQueue.capacity { writeBulk(.max) }
        guard !bulk.isDraining, !bulk.waiting.isEmpty else { return }
        bulk.isDraining = true
        loop.executeNextTurn { [self] in drainBulk() }
    }

    private func drainBulk() {
        guard !isStopping else {
            bulk.waiting.removeAll()
            return
        }
        writeBulk(BulkQueue.bytesPerTurn)
        bulk.isDraining = !bulk.waiting.isEmpty
        if bulk.isDraining { loop.executeNextTurn { [self] in drainBulk() } }
        carryOut()
    }

    private func writeBulk(_ byteLimit: Int) {
        var byteCount = 0
        while byteCount < byteLimit, let (id, frame) = bulk.waiting.popFirst() {
            guard let socket = sockets[id], !socket.isClosing else { continue }
            write(frame, to: socket)
            byteCount += frame.count
        }
    }
}
