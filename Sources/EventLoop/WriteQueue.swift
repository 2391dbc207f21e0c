internal import CUV
internal import DequeModule

/// What a connection still has to send: arrays shared with whoever else sends them, and how far the first has gone.
struct WriteQueue {
    private struct Entry {
        let bytes: [UInt8]
        /// Bytes of it that are sent.
        var start: Int
    }

    private var entries: Deque<Entry> = []
    /// Bytes of all entries that are not known to be sent.
    private(set) var byteCount = 0
    /// Bytes of the write that libuv works on, a prefix of the queue; 0 when there is none.
    private(set) var bytesInFlight = 0
    /// libuv's request, kept for the next write.
    private var request: UnsafeMutablePointer<uv_write_t>?
    var isAboveHighWater = false

    var isEmpty: Bool { byteCount == 0 }

    mutating func append(_ bytes: [UInt8], from start: Int) {
        entries.append(Entry(bytes: bytes, start: start))
        byteCount += bytes.count - start
    }

    /// Hands the front of the queue to libuv as one gathered write, which ends in `done`.
    mutating func startWrite(to stream: UnsafeMutablePointer<uv_stream_t>, done: uv_write_cb) -> CInt {
        let request = request ?? .allocate(capacity: 1)
        self.request = request
        return withUnsafeTemporaryAllocation(of: uv_buf_t.self, capacity: EventLoopLimits.buffersPerWrite) { buffers in
            var (count, total) = (0, 0)
            for entry in entries {
                guard count < buffers.count, total < EventLoopLimits.bytesPerWrite else { break }
                let length = min(entry.bytes.count - entry.start, EventLoopLimits.bytesPerWrite - total)
                // The address outlives the closure: the entry stays in the queue until the write is done, which keeps the
                // array's storage alive, and nobody can change a shared array in place.
                let base = entry.bytes.withUnsafeBytes { $0.baseAddress.map { $0 + entry.start } }
                buffers.initializeElement(
                    at: count,
                    to: uv_buf_t(base: UnsafeMutableRawPointer(mutating: base)?.assumingMemoryBound(to: CChar.self), len: length))
                count += 1
                total += length
            }
            bytesInFlight = total
            return uv_write(request, stream, buffers.baseAddress, UInt32(count), done)
        }
    }

    /// The write is done: lets go of what it sent.
    mutating func finishWrite() {
        var left = exchange(&bytesInFlight, with: 0)
        byteCount -= left
        while left > 0, let first = entries.first {
            let length = first.bytes.count - first.start
            if length > left {
                entries[0].start += left
                break
            }
            entries.removeFirst()
            left -= length
        }
    }

    mutating func removeAll() {
        entries = []
        byteCount = 0
        bytesInFlight = 0
        exchange(&request, with: nil)?.deallocate()
    }
}

// MARK: - Writing

extension TCPConnection {
    /// Bytes that wait to be sent, beyond what the system has taken.
    public var queuedBytes: Int {
        loop.preconditionOnLoop()
        guard state == .open || state == .flushing else { return 0 }
        guard writer.bytesInFlight > 0 else { return 0 }
        return writer.byteCount - writer.bytesInFlight + uv_stream_get_write_queue_size(uvStream(handle))
    }

    /// Whether the queue has risen above the high mark and not yet fallen to the low one.
    public var isAboveHighWater: Bool { writer.isAboveHighWater }

    /// Sends `bytes` in order after what was written before, without a copy: the array is shared with whoever else sends it.
    ///
    /// What the system takes at once costs one system call and no allocation; the rest is queued.
    ///
    /// - Returns: false when nothing of it was or will be sent: the connection is closing or closed, or the queue would
    ///   rise above ``TCPOptions/queueCapBytes`` (then it is for the caller to drop the peer).
    @discardableResult
    public func write(_ bytes: [UInt8]) -> Bool {
        guard let sent = bytes.withUnsafeBytes({ beginWrite($0) }) else { return false }
        if sent < bytes.count { enqueue(bytes, from: sent) }
        return true
    }

    /// As ``write(_:)-([UInt8])``, for bytes that are not in an array of their own: only what must be queued is copied.
    @discardableResult
    public func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let sent = beginWrite(bytes) else { return false }
        if sent < bytes.count { enqueue(Array(bytes[sent...]), from: 0) }
        return true
    }

    /// Sends what the system takes now, and returns how much that is; `nil` when the write is refused.
    @inline(__always)
    private func beginWrite(_ bytes: UnsafeRawBufferPointer) -> Int? {
        loop.preconditionOnLoop()
        guard state == .open, writer.byteCount + bytes.count <= options.queueCapBytes else { return nil }
        guard writer.isEmpty, let base = bytes.baseAddress, bytes.count > 0 else { return 0 }
        var buffer = uv_buf_t(base: UnsafeMutableRawPointer(mutating: base).assumingMemoryBound(to: CChar.self), len: bytes.count)
        let sent = uv_try_write(uvStream(handle), &buffer, 1)
        if sent >= 0 {
            return Int(sent)
        }
        if sent == UV_EAGAIN.rawValue { return 0 }
        fail(.write, sent)
        return nil
    }

    private func enqueue(_ bytes: [UInt8], from start: Int) {
        writer.append(bytes, from: start)
        if writer.bytesInFlight == 0 { startWrite() }
        guard writer.byteCount > options.highWaterBytes, !writer.isAboveHighWater else { return }
        writer.isAboveHighWater = true
        // Later, so that the delegate is never called inside its own call.
        loop.execute { [self] in
            if state == .open, writer.isAboveHighWater { delegate?.connectionDidRiseAboveHighWater(self) }
        }
    }

    private func startWrite() {
        let code = writer.startWrite(to: uvStream(handle)) { request, status in
            guard let data = request?.pointee.handle?.pointee.data else { return }
            Unmanaged<TCPConnection>.fromOpaque(data).takeUnretainedValue().didWrite(status)
        }
        if code < 0 { fail(.write, code) }
    }

    private func didWrite(_ status: CInt) {
        writer.finishWrite()
        guard state == .open || state == .flushing else { return }
        guard status == 0 else { return fail(.write, status) }
        if !writer.isEmpty {
            startWrite()
        } else if state == .flushing {
            sendEnd()
        }
        if state == .open { delegate?.connection(self, didDrainTo: queuedBytes) }
        guard writer.isAboveHighWater, writer.byteCount <= options.lowWaterBytes else { return }
        writer.isAboveHighWater = false
        if state == .open { delegate?.connectionDidFallToLowWater(self) }
    }
}
