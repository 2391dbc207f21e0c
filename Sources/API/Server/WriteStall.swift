internal import NIOCore

/// Notices a client that does not read what is written to it.
struct WriteStall {
    private var since: NIODeadline?
    private var pending = 0

    /// Whether bytes have waited for longer than `APILimits.writeDeadline`, less than `drainBytes` of them taken.
    mutating func isOver(_ channel: any Channel, at now: NIODeadline, _ limits: APILimits) -> Bool {
        let bytes = channel.bufferedBytes
        guard bytes > 0 else {
            since = nil
            return false
        }
        guard let since, bytes > pending - limits.drainBytes else {
            self.since = now
            pending = bytes
            return false
        }
        return now - since > limits.writeDeadline
    }
}

extension Channel {
    /// Bytes that wait to be written. On the loop's thread.
    var bufferedBytes: Int {
        (try? syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }
}
