internal import CUV

/// An attempt to reach a peer. Made by ``EventLoop/connect(host:port:timeout:options:completion:)``.
// Unchecked: touched on the loop's thread only, which every entry point checks.
public final class ConnectAttempt: @unchecked Sendable {
    public typealias Completion = (Result<TCPConnection, EventLoopError>) -> Void

    private let loop: EventLoop
    private let target: String
    private let options: TCPOptions
    private let timeout: Duration
    /// When the whole attempt ends, in nanoseconds of ``EventLoop/now``.
    private let deadline: Int64
    private var completion: Completion?
    private var lookup: Lookup?
    /// The addresses that have not been tried, the next one last.
    private var remaining: [SocketAddress] = []
    private var current: TCPConnection?
    private var timer: EventLoop.Timer?
    private var lastError: EventLoopError?

    fileprivate init(
        on loop: EventLoop, target: String, options: TCPOptions, timeout: Duration, completion: @escaping Completion
    ) {
        self.loop = loop
        self.target = target
        self.options = options
        self.timeout = timeout
        deadline = loop.now.addingClamped(timeout.wholeNanoseconds)
        self.completion = completion
    }

    /// Ends it with code `ECANCELED`, soon, unless it has ended.
    public func cancel() {
        loop.preconditionOnLoop()
        guard completion != nil else { return }
        let error = EventLoopError(.connect, address: target, uv: UV_ECANCELED.rawValue)
        loop.execute { self.finish(.failure(error)) }
    }

    fileprivate func begin(host: String, port: UInt16) {
        guard setTimer() else { return }
        lookup = loop.resolve(host: host, port: port) { [self] result in
            lookup = nil
            guard completion != nil else { return }
            switch result {
            case .success(let addresses): tryAll(addresses)
            case .failure(let error): finish(.failure(error))
            }
        }
    }

    fileprivate func begin(addresses: [SocketAddress]) {
        guard setTimer() else { return }
        loop.execute { self.tryAll(addresses) }
    }

    private func setTimer() -> Bool {
        do throws(EventLoopError) {
            // The timer keeps this object alive until it is cancelled, in `finish`.
            let timer = try EventLoop.Timer(on: loop) { self.timerFired() }
            timer.set(at: deadline)
            self.timer = timer
        } catch {
            loop.execute { self.finish(.failure(error)) }
            return false
        }
        return true
    }

    private func tryAll(_ addresses: [SocketAddress]) {
        guard completion != nil else { return }
        remaining = addresses.reversed()
        tryNext()
    }

    /// Calls the next address; ends when there is none or no time.
    private func tryNext() {
        while let address = remaining.popLast() {
            // What time is left is shared evenly, so that an address that swallows packets leaves some to the next.
            let now = loop.now
            timer?.set(at: now.addingClamped(max(0, deadline - now) / Int64(remaining.count + 1)))
            do throws(EventLoopError) {
                return try call(address)
            } catch {
                lastError = error
            }
        }
        finish(.failure(lastError ?? timeoutError(.connect)))
    }

    private func call(_ address: SocketAddress) throws(EventLoopError) {
        try loop.checkRunning(.connect, address: address.description)
        let connection = try TCPConnection(on: loop, remoteAddress: address, options: options)
        let request = UnsafeMutablePointer<uv_connect_t>.allocate(capacity: 1)
        // Retained for the request, released once in its callback, which libuv always makes.
        let retained = Unmanaged.passRetained(self)
        request.pointee.data = retained.toOpaque()
        let code = address.withSockaddr { address in
            uv_tcp_connect(request, connection.handle, address) { request, status in
                guard let request, let data = request.pointee.data else { return }
                let attempt = Unmanaged<ConnectAttempt>.fromOpaque(data).takeRetainedValue()
                let connection = request.pointee.handle?.pointee.data.map {
                    Unmanaged<TCPConnection>.fromOpaque($0).takeUnretainedValue()
                }
                request.deallocate()
                if let connection { attempt.didConnect(connection, status) }
            }
        }
        guard code == 0 else {
            retained.release()
            request.deallocate()
            connection.close()
            throw EventLoopError(.connect, address: address.description, uv: code)
        }
        current = connection
    }

    private func didConnect(_ connection: TCPConnection, _ status: CInt) {
        guard connection === current else { return }
        current = nil
        if status == 0 {
            connection.open(remoteAddress: connection.remoteAddress)
            finish(.success(connection))
        } else {
            lastError = EventLoopError(.connect, address: connection.remoteAddress.description, uv: status)
            connection.close()
            tryNext()
        }
    }

    private func timerFired() {
        if let lookup {
            lookup.cancel()
            return finish(.failure(timeoutError(.resolve)))
        }
        if let current = exchange(&current, with: nil) {
            lastError = timeoutError(.connect, current.remoteAddress.description)
            current.close()
        }
        tryNext()
    }

    private func finish(_ result: Result<TCPConnection, EventLoopError>) {
        guard let completion = exchange(&completion, with: nil) else { return }
        exchange(&timer, with: nil)?.cancel()
        exchange(&lookup, with: nil)?.cancel()
        exchange(&current, with: nil)?.close()
        completion(result)
    }

    private func timeoutError(_ operation: EventLoopError.Operation, _ address: String? = nil) -> EventLoopError {
        EventLoopError(operation, address: address ?? target, code: .timedOut, text: "no answer within \(timeout)")
    }
}

extension EventLoop {
    /// Connects to a name or an IP address. On the loop only.
    ///
    /// The addresses of a name are tried in the system's order, at most ``EventLoopLimits/addressesPerName``; each gets an
    /// even share of the time that is left.
    ///
    /// - Parameter completion: called once, on the loop, never inside this call: with an open connection (give it a
    ///   delegate, then start reading), or with the error of the last address that was tried; `ECANCELED` when it was
    ///   cancelled or the loop stops.
    @discardableResult
    public func connect(
        host: String, port: UInt16, timeout: Duration = EventLoopLimits.connectDeadline, options: TCPOptions = TCPOptions(),
        completion: @escaping ConnectAttempt.Completion
    ) -> ConnectAttempt {
        preconditionOnLoop()
        let target = SocketAddress(host: host, port: port)?.description ?? "\(host):\(port)"
        let attempt = ConnectAttempt(on: self, target: target, options: options, timeout: timeout, completion: completion)
        attempt.begin(host: host, port: port)
        return attempt
    }

    /// ``connect(host:port:timeout:options:completion:)`` once the name is resolved.
    @discardableResult
    func connect(
        addresses: [SocketAddress], timeout: Duration, options: TCPOptions = TCPOptions(),
        completion: @escaping ConnectAttempt.Completion
    ) -> ConnectAttempt {
        preconditionOnLoop()
        let target = addresses.map(\.description).joined(separator: ", ")
        let attempt = ConnectAttempt(on: self, target: target, options: options, timeout: timeout, completion: completion)
        attempt.begin(addresses: addresses)
        return attempt
    }
}
