public import Primitives

/// Bounds of what connections may hold and make wait, each with its reason.
public enum SessionLimits {
    /// How often half-received frames and queues that do not shrink are looked at. The deadlines themselves are seconds and more.
    public static let checkInterval: Nanoseconds = .seconds(1)
    /// How long a closing connection may take to send what was written before: the reason of the close is usually
    /// that the other side is at fault, so it is not waited for.
    public static let flushDeadline: Nanoseconds = .seconds(2)

    // MARK: Answers

    /// Answers that are read at once: one comes from the disk while the last one goes out.
    public static let maxAnswersUnderWay = 2
    /// Bytes that may wait in all sockets together before a further answer is read: six full frames. One frame for each
    /// answer under way may come on top.
    public static let unsentBytes = 64 << 20
    /// Checks in a row without a byte taken after which a reader counts as stuck: three seconds, several round trips with a
    /// lost segment.
    public static let stuckChecks = 3

    // MARK: Bulk

    /// Bytes of bulk written in one turn, at least a frame: a batch of 100 small transactions.
    public static let bulkBytesPerTurn = 64 << 10
    /// Bulk frames that may wait. Over it all are written at once: then the loop is so busy that turns are what it lacks. Receivers
    /// share a frame's bytes, so this bounds entries rather than memory.
    public static let maxBulkFrames = 4096
}
