/// Tells when a crowd of clients has gone, whose memory the C library would keep for the next.
///
/// 1,000 half-open requests and 500 WebSocket clients leave some 10 MB behind. A plain value.
struct CrowdMark {
    /// Fewer clients than this leave too little behind: some 7 KB each, two megabytes.
    static let crowd = 256
    /// It has gone when at most one in this many is left.
    static let share = 4

    /// The most clients since the last crowd had gone.
    private(set) var peak = 0

    /// Takes the present number of clients; true once for each crowd, when it has gone.
    mutating func hasGone(now count: Int) -> Bool {
        peak = max(peak, count)
        guard peak >= CrowdMark.crowd, count <= peak / CrowdMark.share else { return false }
        peak = count
        return true
    }
}
