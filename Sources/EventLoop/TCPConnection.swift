internal import CUV

/// A TCP connection of the loop.
///
/// Made by ``TCPListener`` and ``EventLoop/connect(host:port:timeout:options:completion:)``, closed by one of the close
/// methods, by an error or by the loop, which keeps it alive until then. On the loop only.
///
///     connecting ──► open ──► flushing ──► closing ──► closed
///         │            └──────────────────────▲
///         └───────────────────────────────────┘
// Unchecked: touched on the loop's thread only, which every entry point checks.
public final class TCPConnection: LoopHandle, @unchecked Sendable {
    enum State: Hashable {
        /// Not with a peer yet; nobody but the maker knows it.
        case connecting
        case open
        /// Closing gracefully: the queue drains, then the stream ends, then the peer's end is awaited.
        case flushing
        /// libuv is closing the handle.
        case closing
        case closed
    }

    public let loop: EventLoop
    public let options: TCPOptions

    // Stored apart from what is public: the compiler can then prove that no access to them overlaps another, and leaves
    // out the checks at run time, which would cost a frame of 100 bytes about two percent.
    var peerAddress: SocketAddress
    var readByteCount: UInt64 = 0
    private var listener: (any TCPConnectionDelegate)?

    let handle: UnsafeMutablePointer<uv_tcp_t>
    var state = State.connecting
    var isReading = false
    /// The peer has ended its stream.
    var hasEnded = false
    /// It did so before this side began to close.
    private var peerEndedFirst = false
    /// This side's end has been sent.
    var hasSentEnd = false
    var closeReason = CloseReason.requested
    var writer = WriteQueue()
    var flushTimer: EventLoop.Timer?

    /// A connection without a peer.
    init(on loop: EventLoop, remoteAddress: SocketAddress, options: TCPOptions) throws(EventLoopError) {
        self.loop = loop
        peerAddress = remoteAddress
        self.options = options
        handle = .allocate(capacity: 1)
        let code = uv_tcp_init(loop.uvLoop, handle)
        guard code == 0 else {
            handle.deallocate()
            throw EventLoopError(.connect, address: remoteAddress.description, uv: code)
        }
        loop.adopt(handle, owner: self)
    }

    /// Begins its life with a peer.
    func open(remoteAddress: SocketAddress) {
        peerAddress = remoteAddress
        state = .open
        // Neither can fail on a connected socket, save that the peer has reset it already, which reading will tell.
        if options.sendsAtOnce { uv_tcp_nodelay(handle, 1) }
        if let keepAlive = options.keepAlive {
            uv_tcp_keepalive(handle, 1, UInt32(clamping: max(1, keepAlive.components.seconds)))
        }
    }

    /// Who hears of it; set it before reading starts. Held strongly until the connection has closed.
    public var delegate: (any TCPConnectionDelegate)? {
        get { listener }
        set {
            loop.preconditionOnLoop()
            listener = newValue
            // Too late to hear of the close itself: told afterwards, so that the promise of one last call holds.
            if state == .closed, newValue != nil { loop.execute { self.tellDelegateOfClose() } }
        }
    }

    /// Whom it talks to.
    public var remoteAddress: SocketAddress { peerAddress }

    /// Bytes read so far.
    public var bytesRead: UInt64 { readByteCount }

    /// Whether it can be written to: neither closing nor closed.
    public var isOpen: Bool { state == .open }

    /// This side's address, or `nil` once it is closed. A system call.
    public var localAddress: SocketAddress? {
        loop.preconditionOnLoop()
        guard state == .open || state == .flushing else { return nil }
        return .read { uv_tcp_getsockname(handle, $0, $1) }
    }
}

// MARK: - Reading

extension TCPConnection {
    /// Starts or resumes reading: bytes go to the delegate as they come.
    public func startReading() {
        loop.preconditionOnLoop()
        guard state == .open, !isReading, !hasEnded else { return }
        isReading = true
        beginReading()
    }

    /// Stops reading, also from inside `didRead`: what the peer sends waits in the system's buffers, then with the peer.
    /// Nothing is lost. ``startReading()`` goes on.
    public func pauseReading() {
        loop.preconditionOnLoop()
        guard state == .open, isReading else { return }
        isReading = false
        uv_read_stop(uvStream(handle))
    }

    /// The other name of ``startReading()``, after a pause.
    public func resumeReading() { startReading() }

    private func beginReading() {
        let code = uv_read_start(
            uvStream(handle),
            { handle, _, buffer in
                // One buffer for all connections: libuv reads into it and calls back before it asks again.
                guard let memory = EventLoop.of(handle?.pointee.loop)?.readBuffer else { return }
                buffer?.pointee = uv_buf_t(base: memory.baseAddress?.assumingMemoryBound(to: CChar.self), len: memory.count)
            },
            { stream, count, buffer in
                guard let data = stream?.pointee.data else { return }
                let connection = Unmanaged<TCPConnection>.fromOpaque(data).takeUnretainedValue()
                if count > 0 {
                    connection.didRead(UnsafeRawBufferPointer(start: buffer?.pointee.base, count: count))
                } else if count < 0 {
                    connection.didFailReading(CInt(count))
                }
            })
        if code < 0, code != UV_EALREADY.rawValue { fail(.read, code) }
    }

    private func didRead(_ bytes: UnsafeRawBufferPointer) {
        readByteCount &+= UInt64(bytes.count)
        // While flushing, what arrives is dropped.
        if state == .open { listener?.connection(self, didRead: bytes) }
    }

    private func didFailReading(_ code: CInt) {
        isReading = false
        guard code == UV_EOF.rawValue else { return fail(.read, code) }
        uv_read_stop(uvStream(handle))
        hasEnded = true
        switch state {
        case .open:
            peerEndedFirst = true
            listener?.connectionDidEnd(self)
        case .flushing: finishFlushing()
        case .connecting, .closing, .closed: break
        }
    }
}

// MARK: - Closing

extension TCPConnection {
    /// Closes at once: what is queued is dropped; what the system has taken is still sent.
    public func close() {
        close(.requested)
    }

    /// Closes at once with a reset: nothing that is still on its way arrives, and no port lingers. For peers not worth more.
    public func closeWithReset() {
        loop.preconditionOnLoop()
        guard state == .open else { return close() }
        endLife(.requested)
        // Refused while a graceful end is under way, which the state excludes.
        if uv_tcp_close_reset(handle, EventLoop.handleClosed) != 0 { loop.close(handle) }
    }

    /// Closes gracefully: what is queued is sent, then this side's end; then the peer's end is awaited, and what the peer
    /// still sends is dropped (unread bytes would turn the close into a reset, which can destroy what the peer has not yet
    /// read). From now on writes are refused.
    ///
    /// - Parameter deadline: after which it closes as it is.
    public func close(flushingWithin deadline: Duration) {
        loop.preconditionOnLoop()
        guard state == .open else {
            if state == .connecting { close() }
            return
        }
        do throws(EventLoopError) {
            flushTimer = try loop.schedule(after: deadline) { [self] in close(hasSentEnd ? .requested : .flushTimedOut) }
        } catch {
            return close()
        }
        state = .flushing
        isReading = false
        if !hasEnded { beginReading() }
        if state == .flushing, writer.isEmpty { sendEnd() }
    }

    /// Sends this side's end, once the queue is empty.
    func sendEnd() {
        let request = UnsafeMutablePointer<uv_shutdown_t>.allocate(capacity: 1)
        let code = uv_shutdown(request, uvStream(handle)) { request, status in
            guard let request else { return }
            defer { request.deallocate() }
            // Canceled when the handle closed before.
            guard let data = request.pointee.handle?.pointee.data, status != UV_ECANCELED.rawValue else { return }
            let connection = Unmanaged<TCPConnection>.fromOpaque(data).takeUnretainedValue()
            if status < 0 { return connection.fail(.shutdown, status) }
            connection.hasSentEnd = true
            connection.finishFlushing()
        }
        if code < 0 {
            request.deallocate()
            fail(.shutdown, code)
        }
    }

    private func finishFlushing() {
        if state == .flushing, hasEnded, hasSentEnd { close() }
    }

    /// Closes because an operation failed.
    func fail(_ operation: EventLoopError.Operation, _ code: CInt) {
        close(.failed(EventLoopError(operation, address: remoteAddress.description, uv: code)))
    }

    func close(_ reason: CloseReason) {
        loop.preconditionOnLoop()
        guard state != .closing, state != .closed else { return }
        endLife(reason)
        loop.close(handle)
    }

    private func endLife(_ reason: CloseReason) {
        closeReason = reason == .requested && peerEndedFirst ? .ended : reason
        state = .closing
        isReading = false
        exchange(&flushTimer, with: nil)?.cancel()
    }

    func closeForStop() { close(.loopStopped) }

    func handleDidClose() {
        state = .closed
        // libuv has answered the write in flight before, so nothing points into the arrays any more.
        writer.removeAll()
        tellDelegateOfClose()
    }

    private func tellDelegateOfClose() {
        exchange(&listener, with: nil)?.connectionDidClose(self, reason: closeReason)
    }
}
