internal import CUV
internal import Platform

/// A listening TCP socket. Made by ``EventLoop/listen(on:backlog:options:onAccept:onProblem:)``. On the loop only.
///
/// When the system runs short of descriptors or memory it rests for ``EventLoopLimits/acceptPause`` instead of spinning:
/// the last ``EventLoopLimits/reservedDescriptors`` descriptors are left to others, so the connection that reaches them is
/// closed and the next ones wait in the system's queue.
// Unchecked: touched on the loop's thread only, which every entry point checks.
public final class TCPListener: LoopHandle, @unchecked Sendable {
    public let loop: EventLoop
    /// Where it listens; the port is the real one, also when 0 was asked for.
    public private(set) var localAddress: SocketAddress

    private let backlog: CInt
    private let options: TCPOptions
    private var onAccept: ((TCPConnection) -> Void)?
    private var onProblem: ((EventLoopError) -> Void)?
    /// `nil` while it is closed, for good or for a rest.
    private var handle: UnsafeMutablePointer<uv_tcp_t>?
    /// A connection has arrived that has not been taken; libuv watches for no other until it is.
    private var hasWaiting = false
    private var isPaused = false
    private var restTimer: EventLoop.Timer?
    private var isClosed = false
    /// How many descriptors the process may have. Tests set it.
    var descriptorLimit: () -> Int = TCPListener.systemDescriptorLimit
    /// How long it rests. Tests set it.
    var restDuration = EventLoopLimits.acceptPause

    fileprivate init(
        on loop: EventLoop, address: SocketAddress, backlog: Int, options: TCPOptions,
        onAccept: @escaping (TCPConnection) -> Void, onProblem: @escaping (EventLoopError) -> Void
    ) throws(EventLoopError) {
        self.loop = loop
        localAddress = address
        self.backlog = CInt(clamping: backlog)
        self.options = options
        self.onAccept = onAccept
        self.onProblem = onProblem
        try listen()
    }

    /// Stops listening for good. Connections that were accepted stay.
    public func close() {
        loop.preconditionOnLoop()
        isClosed = true
        onAccept = nil
        onProblem = nil
        exchange(&restTimer, with: nil)?.cancel()
        closeSocket()
    }

    /// Accepts nothing until ``resumeAccepting()``; connections wait in the system's queue, up to the backlog.
    public func pauseAccepting() {
        loop.preconditionOnLoop()
        isPaused = true
    }

    public func resumeAccepting() {
        loop.preconditionOnLoop()
        isPaused = false
        acceptWaiting()
    }

    func closeForStop() { close() }

    func handleDidClose() {}
}

extension TCPListener {
    private func listen() throws(EventLoopError) {
        let text = localAddress.description
        let handle = UnsafeMutablePointer<uv_tcp_t>.allocate(capacity: 1)
        let code = uv_tcp_init(loop.uvLoop, handle)
        guard code == 0 else {
            handle.deallocate()
            throw EventLoopError(.listen, address: text, uv: code)
        }
        loop.adopt(handle, owner: self)
        self.handle = handle
        do throws(EventLoopError) {
            // libuv sets SO_REUSEADDR, so a restart need not wait for old connections' ports.
            try check(localAddress.withSockaddr { uv_tcp_bind(handle, $0, 0) }, .listen, address: text)
            let code = uv_listen(uvStream(handle), backlog) { stream, status in
                guard let data = stream?.pointee.data else { return }
                Unmanaged<TCPListener>.fromOpaque(data).takeUnretainedValue().connectionArrived(status)
            }
            try check(code, .listen, address: text)
        } catch {
            closeSocket()
            throw error
        }
        if let address = SocketAddress.read({ uv_tcp_getsockname(handle, $0, $1) }) { localAddress = address }
    }

    private func closeSocket() {
        hasWaiting = false
        if let handle = exchange(&handle, with: nil) { loop.close(handle) }
    }

    private func connectionArrived(_ status: CInt) {
        guard status == 0 else { return didFail(status) }
        hasWaiting = true
        acceptWaiting()
    }

    private func acceptWaiting() {
        guard hasWaiting, !isPaused, restTimer == nil, let handle else { return }
        hasWaiting = false
        let connection: TCPConnection
        do throws(EventLoopError) {
            connection = try TCPConnection(on: loop, remoteAddress: localAddress, options: options)
        } catch {
            hasWaiting = true
            return rest(for: error)
        }
        let code = uv_accept(uvStream(handle), uvStream(connection.handle))
        guard code == 0, let remote = SocketAddress.read({ uv_tcp_getpeername(connection.handle, $0, $1) }) else {
            // The peer has gone again.
            return connection.close()
        }
        var descriptor = uv_os_fd_t()
        if uv_fileno(uvHandle(connection.handle), &descriptor) == 0,
            Int(descriptor) >= descriptorLimit() - EventLoopLimits.reservedDescriptors
        {
            connection.close()
            let text = "the process is near its limit of \(descriptorLimit()) open files; \(remote) was turned away"
            return rest(for: EventLoopError(.accept, address: localAddress.description, code: .tooManyFiles, text: text))
        }
        connection.open(remoteAddress: remote)
        onAccept?(connection)
    }

    /// libuv reports that accepting itself failed, and goes on trying as long as the socket is open: with nothing to be
    /// had it would spin, so the socket is closed for the rest.
    func didFail(_ status: CInt) {
        let error = EventLoopError(.accept, address: localAddress.description, uv: status)
        switch status {
        case UV_EMFILE.rawValue, UV_ENFILE.rawValue, UV_ENOBUFS.rawValue, UV_ENOMEM.rawValue:
            closeSocket()
            rest(for: error)
        default:
            // The error of one connection that is gone already.
            onProblem?(error)
        }
    }

    /// Accepts nothing for a while, and says why.
    private func rest(for error: EventLoopError) {
        onProblem?(error)
        guard !isClosed, restTimer == nil else { return }
        restTimer = try? loop.schedule(after: restDuration) { [weak self] in self?.endRest() }
    }

    func endRest() {
        exchange(&restTimer, with: nil)?.cancel()
        guard handle == nil else { return acceptWaiting() }
        do throws(EventLoopError) {
            try listen()
        } catch {
            rest(for: error)
        }
    }

    private static func systemDescriptorLimit() -> Int {
        ThisProcess.openFileLimit
    }
}

extension EventLoop {
    /// Listens on an IPv4 or IPv6 address. `::` takes IPv4 connections too. On the loop only.
    ///
    /// - Parameters:
    ///   - address: port 0 lets the system choose one.
    ///   - backlog: connections that may wait in the system to be accepted.
    ///   - options: of the connections it accepts.
    ///   - onAccept: called for each, on the loop: give it a delegate, then start reading.
    ///   - onProblem: called when accepting failed or rests.
    /// - Throws: code `EADDRINUSE` and its kin; `ECANCELED` when the loop is stopping.
    public func listen(
        on address: SocketAddress, backlog: Int = 128, options: TCPOptions = TCPOptions(),
        onAccept: @escaping (TCPConnection) -> Void, onProblem: @escaping (EventLoopError) -> Void = { _ in }
    ) throws(EventLoopError) -> TCPListener {
        try checkRunning(.listen, address: address.description)
        return try TCPListener(
            on: self, address: address, backlog: backlog, options: options, onAccept: onAccept, onProblem: onProblem)
    }
}
