internal import Network
internal import Primitives

/// A run of consecutive heights of the plan and how far it has come.
///
/// ```
///            request              answer                 count             in order
///   wanted ──────────▶ requested ────────▶ preparing ──────────▶ ready ──────────────▶ applying ──▶ (gone)
///     ▲                    │                   │                   │                      │
///     └────── overdue ─────┴──── malformed ────┴───── bad peer ────┴────── rejected ──────┘
/// ```
struct SyncSegment {
    enum State: Hashable {
        /// To be asked for.
        case wanted
        /// Asked for from this peer. Others may owe a late answer too; the first one that comes is taken.
        case requested(PeerID)
        /// The worker decodes the answer and checks the signatures.
        case preparing(Answer)
        /// Waits for the segments below.
        case ready(Answer)
        /// In the worker's queue.
        case applying(Answer)
    }

    /// An answer that the worker holds.
    struct Answer: Hashable {
        let ticket: SyncTicket
        let peer: PeerID
        /// What was asked for; it may begin below the segment where blocks came by gossip meanwhile.
        let range: HeightRange
        let byteCount: Int
        /// From the head of the peer's queue to the answer.
        let duration: Nanoseconds
    }

    /// Unique, and new whenever the heights change hands so that a late answer cannot hit the wrong segment.
    let id: UInt64
    var first: UInt64
    var last: UInt64
    var state: State = .wanted
    /// Peers that answered short or not in time: asked again only when nobody else can.
    var avoid: [PeerID] = []

    var count: Int { Int(clamping: last.subtracting(clamping: first)).adding(clamping: 1) }

    var answer: Answer? {
        switch state {
        case .preparing(let answer), .ready(let answer), .applying(let answer): answer
        case .wanted, .requested: nil
        }
    }

    var isWanted: Bool { state == .wanted }

    /// Whether a further answer is of use.
    var isOpen: Bool { answer == nil }

    var isApplying: Bool {
        if case .applying = state { true } else { false }
    }

    func isRequested(from peer: PeerID) -> Bool { state == .requested(peer) }

    mutating func avoid(_ peer: PeerID) {
        if !avoid.contains(peer) { avoid.append(peer) }
    }
}
