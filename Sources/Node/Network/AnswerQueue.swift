internal import DequeModule
internal import EventLoop
internal import Network
internal import Wire

/// Block requests on their way to the chain's reader. A peer has one here at most (`CoreEffect.readBlocks`); this bounds what
/// all of them together make the node hold, so that fifty peers that ask for blocks and do not read cannot exhaust its
/// memory.
struct AnswerQueue {
    struct Request {
        var id: PeerID
        var range: HeightRange
        var isSingle: Bool
    }

    /// Answers that are read at once: one comes from the disk while the last one goes out.
    static let maxUnderWay = 2
    /// Bytes that may wait in all sockets together before a further answer is read: six full frames. One frame for each
    /// answer under way may come on top.
    static let unsentBytes = 64 << 20
    /// Checks in a row without a byte taken after which a reader counts as stuck: three seconds, several round trips with a
    /// lost segment.
    static let stuckChecks = 3

    /// First come, first served.
    var waiting: Deque<Request> = []
    var underWay = 0
}

extension NetworkShell {
    /// Bytes that peers have not taken yet.
    private var unsentBytes: Int { sockets.values.reduce(0) { $0 + $1.connection.queuedBytes } }

    /// Has the next answers read, as far as there is room for them.
    func dispatchAnswers() {
        while answers.underWay < AnswerQueue.maxUnderWay, !answers.waiting.isEmpty, unsentBytes < AnswerQueue.unsentBytes {
            let request = answers.waiting.removeFirst()
            guard sockets[request.id]?.isClosing == false else { continue }
            answers.underWay += 1
            chain.readBlocks(request.range, isSingle: request.isSingle, for: request.id)
        }
    }

    /// The connection that should go because it keeps others from their answers: of those that took nothing for a while, the
    /// one for which most waits. `nil` when nobody waits for room. Called once in `NetworkOptions.frameCheckInterval`.
    func stuckReader() -> PeerID? {
        var worst: PeerSocket?
        for socket in sockets.values where !socket.isClosing {
            let byteCount = socket.connection.queuedBytes
            socket.checksWithoutProgress = byteCount > 0 && byteCount >= socket.lastQueued ? socket.checksWithoutProgress + 1 : 0
            socket.lastQueued = byteCount
            guard socket.checksWithoutProgress >= AnswerQueue.stuckChecks else { continue }
            if byteCount > worst?.lastQueued ?? 0 { worst = socket }
        }
        let isFull = !answers.waiting.isEmpty && unsentBytes >= AnswerQueue.unsentBytes
        return isFull ? worst?.id : nil
    }
}
