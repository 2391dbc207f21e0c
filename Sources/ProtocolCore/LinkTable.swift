internal import Network
internal import Peering
internal import Primitives
internal import Wire

/// All open connections of the core, ready or not, and the sums over them. The one place where a link changes.
///
/// When a peer is read, and when it is dropped for what it makes this node hold:
/// 1. Each frame takes a token; without one the peer is not read until `CoreLimits.tokensToResume` are back. Reading in small
///    gulps costs more than waiting for some.
/// 2. A peer whose requests or transactions are still being worked on is not read past the bounds of `CoreLimits`, so that TCP
///    slows it down and nothing is lost. The bytes of transactions are bounded over all peers too: past that nobody is read who
///    has some there already, and a newcomer still gets one frame in.
/// 3. A peer whose write queue is above its high-water mark is not read: it would only ask for more.
/// 4. Who does not drain its queue for `CoreLimits.slowReaderPatience`, or keeps its bucket empty for the configured patience,
///    is dropped. Being held back for the other reasons is nobody's fault.
/// 5. Requests are answered one at a time in their order, and none while the write queue is above its mark: no more than one
///    answer waits behind a full socket. A request for a block that is relayed and not yet on disk waits for the commit, which
///    is milliseconds away, and what the peer asks for behind it waits with it.
///
/// Costs: everything for one peer is constant; walks go over the paused ones, or over all once for each commit.
struct LinkTable: Sendable {
    private(set) var all = PeerArray<Link>()
    /// Those that are not read, in the order of their ids, so that a tick need not look at all of them.
    private(set) var paused: [PeerID] = []
    /// Bytes of transactions that wait for a verdict, over all peers, those that have gone meanwhile included.
    private(set) var uncheckedBytes = 0
    /// For how long peers were not read for their rate; for those that are so now, until they last were looked at.
    private var throttled: Nanoseconds = 0

    /// A copy. What is asked for every message has a question of its own.
    subscript(id: PeerID) -> Link? { all[id] }

    func contains(_ id: PeerID) -> Bool { all.contains(id) }

    /// The identity that a peer named, once its handshake was accepted.
    func identity(of id: PeerID) -> Address? { all.position(of: id).flatMap { all[$0].identity } }

    // MARK: Come and go

    mutating func open(_ id: PeerID, remote: Endpoint, rate: Int, burst: Int, at now: Moment) {
        all.insert(Link(id: id, remote: remote, rate: rate, burst: burst, at: now))
    }

    /// Its handshake was accepted.
    mutating func ready(_ id: PeerID, identity: Address?, speaksBatches: Bool) {
        all.update(id) { $0.phase = .ready(identity: identity, speaksBatches: speaksBatches) }
    }

    mutating func forget(_ id: PeerID, at now: Moment) {
        guard let link = all.remove(id) else { return }
        throttled += link.throttledTime(at: now)
        removeFromPaused(id)
    }

    /// A reloaded configuration's rate.
    mutating func reconfigure(rate: Int, burst: Int, at now: Moment) {
        for position in all.indices { all[position].reconfigure(rate: rate, burst: burst, at: now.uptime) }
    }

    // MARK: Traffic

    mutating func countReceived(_ byteCount: Int, from id: PeerID) {
        guard let position = all.position(of: id) else { return }
        all[position].traffic.received(byteCount)
    }

    mutating func countSent(_ byteCount: Int, to id: PeerID) {
        guard let position = all.position(of: id) else { return }
        all[position].traffic.sent(byteCount)
    }

    // MARK: Reading

    enum Verdict {
        /// The next frame may be taken.
        case next
        /// No further one; until now they might.
        case stop
        /// No further one, as before.
        case stopped
    }

    /// Charges a connection for a frame that was taken.
    mutating func frameTaken(_ id: PeerID, at now: Nanoseconds) -> Verdict {
        guard let position = all.position(of: id) else { return .stopped }
        let hasTokens = all[position].charge(at: now)
        if hasTokens, !all[position].isPaused, !all[position].isHeldBack(allUnchecked: uncheckedBytes) { return .next }
        let until = hasTokens ? nil : all[position].tokenTime(at: now)
        let isNew = pause(position) { pause in
            if let until { pause.throttle = (since: pause.throttle?.since ?? now, until: until) }
        }
        return isNew ? .stop : .stopped
    }

    /// The write queue to a peer rose above its high-water mark. Returns whether the connection was read until now.
    mutating func congested(_ id: PeerID, at now: Nanoseconds) -> Bool {
        guard let position = all.position(of: id) else { return false }
        return pause(position) { $0.congestedSince = $0.congestedSince ?? now }
    }

    /// The write queue fell to its low-water mark.
    mutating func drained(_ id: PeerID) {
        guard let position = all.position(of: id), var pause = all[position].pause else { return }
        pause.congestedSince = nil
        all[position].reading = .paused(pause)
    }

    /// Whether a paused connection was over a limit for too long.
    mutating func overdue(_ id: PeerID, patience: Nanoseconds, at now: Nanoseconds) -> PeerFault? {
        guard let position = all.position(of: id), let pause = all[position].pause else { return nil }
        if let since = pause.congestedSince, now - since >= CoreLimits.slowReaderPatience { return .slowReader }
        return all[position].excess(at: now) >= patience ? .rateLimitExceeded : nil
    }

    /// Ends a pause whose reasons are over. Returns whether it did.
    mutating func resumeIfFree(_ id: PeerID, at now: Moment) -> Bool {
        guard let position = all.position(of: id), var pause = all[position].pause else { return false }
        if let throttle = pause.throttle {
            guard throttle.until <= now.uptime else { return false }
            // Its tokens are back, whatever else holds it back: no tick need look at that again.
            throttled += all[position].throttledTime(at: now)
            pause.throttle = nil
            all[position].reading = .paused(pause)
        }
        guard !all[position].isHeldBack(allUnchecked: uncheckedBytes) else { return false }
        all[position].reading = .open
        removeFromPaused(id)
        return true
    }

    /// When a tick must look at a paused connection. Linear in those.
    var nextResume: Nanoseconds? {
        var next: Nanoseconds?
        for id in paused {
            guard let position = all.position(of: id), let time = all[position].resumeTime else { continue }
            next = min(next ?? time, time)
        }
        return next
    }

    /// For how long peers were not read for their rate, over all peers and up to now. Linear in the paused ones.
    func throttledTime(at now: Moment) -> Nanoseconds {
        paused.reduce(throttled) { $0 + (all[$1]?.throttledTime(at: now) ?? 0) }
    }

    /// Notes a reason for which a connection is not read. Returns whether it was read until now.
    private mutating func pause(_ position: Int, because note: (inout Link.Pause) -> Void) -> Bool {
        let known = all[position].pause
        var pause = known ?? Link.Pause()
        note(&pause)
        all[position].reading = .paused(pause)
        if known == nil { paused.insert(all[position].id, at: placeInPaused(all[position].id)) }
        return known == nil
    }

    private mutating func removeFromPaused(_ id: PeerID) {
        let place = placeInPaused(id)
        if place < paused.count, paused[place] == id { paused.remove(at: place) }
    }

    /// Where an id stands or would stand.
    private func placeInPaused(_ id: PeerID) -> Int {
        var (low, high) = (0, paused.count)
        while low < high {
            let middle = (low + high) / 2
            if paused[middle] < id { low = middle + 1 } else { high = middle }
        }
        return low
    }

    // MARK: Transactions in hand

    /// Transactions of a peer were given to the chain worker.
    mutating func addUnchecked(_ count: Int, byteCount: Int, of id: PeerID) {
        guard let position = all.position(of: id) else { return }
        uncheckedBytes += byteCount
        all[position].uncheckedBytes += byteCount
        all[position].uncheckedTransactions += count
    }

    /// The verdict on one of them came. It counts for the node also when the peer has gone meanwhile.
    mutating func settleUnchecked(byteCount: Int, of id: PeerID) {
        uncheckedBytes -= byteCount
        guard let position = all.position(of: id) else { return }
        all[position].uncheckedBytes -= byteCount
        all[position].uncheckedTransactions -= 1
    }

    // MARK: Requests in hand

    mutating func asked(_ id: PeerID, for request: BlockRequest) {
        guard let position = all.position(of: id) else { return }
        all[position].requests.append(request)
    }

    /// Takes the oldest request of a peer, if its turn has come: then the shell has it until `answered`.
    mutating func nextRequest(of id: PeerID, isOnDisk: (HeightRange) -> Bool) -> BlockRequest? {
        guard let position = all.position(of: id), !all[position].isBeingAnswered, !all[position].isCongested,
            let request = all[position].requests.first
        else { return nil }
        guard isOnDisk(request.range) else {
            all[position].answering = .awaitingCommit
            return nil
        }
        all[position].requests.removeFirst()
        all[position].answering = .underWay
        return request
    }

    /// The answer has been handed to the socket. Returns whether the peer is still there.
    mutating func answered(_ id: PeerID) -> Bool {
        all.update(id) { $0.answering = .idle } != nil
    }

    // MARK: Tests

    /// What is left of a connection that has gone, or nothing.
    func remnants(of id: PeerID) -> [String] {
        (all.contains(id) ? ["a link"] : []) + (paused.contains(id) ? ["a place among the paused"] : [])
    }

    /// Sentences about what does not hold.
    func checkInvariants() -> [String] {
        var broken = all.checkInvariants()
        let found = all.filter(\.isPaused).map(\.id).sorted()
        if found != paused { broken.append("\(found) are paused, \(paused) are listed") }
        let held = all.reduce(0) { $0 + $1.uncheckedBytes }
        if held > uncheckedBytes { broken.append("\(held) unchecked bytes of peers, \(uncheckedBytes) counted") }
        return broken + all.flatMap { $0.checkInvariants() }
    }
}
