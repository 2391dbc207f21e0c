internal import CUV
internal import DequeModule
internal import Platform

/// One name being turned into addresses. Made by ``EventLoop/resolve(host:port:completion:)``.
// Unchecked: touched on the loop's thread only, which every entry point checks.
public final class Lookup: @unchecked Sendable {
    public typealias Completion = (Result<[SocketAddress], EventLoopError>) -> Void

    let loop: EventLoop
    let host: String
    let port: UInt16
    private var completion: Completion?

    init(on loop: EventLoop, host: String, port: UInt16, completion: @escaping Completion) {
        self.loop = loop
        self.host = host
        self.port = port
        self.completion = completion
    }

    /// Ends it with code `ECANCELED`, soon. The system's own work may go on for a while; its answer is dropped.
    public func cancel() {
        loop.preconditionOnLoop()
        loop.resolver.forget(self)
        loop.execute { self.fail(.init(.resolve, address: self.host, uv: UV_ECANCELED.rawValue)) }
    }

    fileprivate func fail(_ error: EventLoopError) { finish(.failure(error)) }

    fileprivate func finish(_ result: Result<[SocketAddress], EventLoopError>) {
        exchange(&completion, with: nil)?(result)
    }
}

/// What a loop has asked of the system's resolver and what waits for its turn.
///
/// getaddrinfo(3) cannot be interrupted, and with a name server that is silent it takes half a minute. So each name has a thread of its
/// own, which nobody waits for: an end of the loop or of the process leaves it behind. A pool, such as libuv's of four threads, is
/// blocked by four silent names, and joined at the end of the process.
struct Resolver {
    /// Asks for the addresses of a name, their ports 0, on a thread that it may block. Another one in tests.
    var ask: @Sendable (_ host: String) -> Result<[SocketAddress], EventLoopError> = { systemAddresses(of: $0) }

    /// A name that a thread asks for.
    private struct Request {
        let began: Int64
        /// Who wants to know. Empty when all have given up; the thread is at it all the same.
        var lookups: [Lookup]
    }

    private var running: [String: Request] = [:]
    private var waiting: Deque<Lookup> = []
    /// Names that took long, the newest last. They may not take all the threads again.
    private var slow: Deque<String> = []

    /// The names that threads ask for now.
    var runningCount: Int { running.count }

    /// All lookups that have no answer yet.
    var lookups: [Lookup] { running.values.flatMap(\.lookups) + waiting }

    var lookupCount: Int { running.values.reduce(waiting.count) { $0 + $1.lookups.count } }

    mutating func add(_ lookup: Lookup) { waiting.append(lookup) }

    fileprivate mutating func forget(_ lookup: Lookup) {
        running[lookup.host]?.lookups.removeAll { $0 === lookup }
        waiting.removeAll { $0 === lookup }
    }

    /// The next name that needs a thread and may have one; who waits for a name that is being asked for joins it.
    mutating func next(at now: Int64) -> String? {
        var index = waiting.startIndex
        while index < waiting.endIndex {
            let host = waiting[index].host
            if running[host] != nil {
                running[host]?.lookups.append(waiting.remove(at: index))
            } else if mayBegin(host) {
                running[host] = Request(began: now, lookups: [waiting.remove(at: index)])
                return host
            } else {
                index += 1
            }
        }
        return nil
    }

    private func mayBegin(_ host: String) -> Bool {
        guard running.count < EventLoopLimits.concurrentLookups else { return false }
        return !slow.contains(host) || running.keys.count { slow.contains($0) } < EventLoopLimits.slowLookups
    }

    /// Takes out what was asked for, and notes whether it took long.
    mutating func end(_ host: String, at now: Int64) -> [Lookup] {
        guard let request = running.removeValue(forKey: host) else { return [] }
        slow.removeAll { $0 == host }
        if now - request.began > EventLoopLimits.slowLookup.wholeNanoseconds {
            if slow.count >= EventLoopLimits.slowNames { slow.removeFirst() }
            slow.append(host)
        }
        return request.lookups
    }
}

extension EventLoop {
    /// Turns a name, or an address as text, into the addresses to try, in the system's order of preference.
    ///
    /// At most ``EventLoopLimits/concurrentLookups`` names are asked for at once, each name once, and at most
    /// ``EventLoopLimits/pendingLookups`` lookups have no answer yet; the answer has at most ``EventLoopLimits/addressesPerName``
    /// addresses and at least one. On the loop only.
    ///
    /// - Parameter completion: called once, on the loop, never inside this call. Fails with code `ENOBUFS` when too many
    ///   wait, `EAI_NONAME` and its kin when the name is not known, `ECANCELED` when it was cancelled or the loop stops.
    @discardableResult
    public func resolve(host: String, port: UInt16, completion: @escaping Lookup.Completion) -> Lookup {
        preconditionOnLoop()
        let lookup = Lookup(on: self, host: host, port: port, completion: completion)
        if let address = SocketAddress(host: host, port: port) {
            execute { lookup.finish(.success([address])) }
        } else if isStopping {
            lookup.cancel()
        } else if resolver.lookupCount < EventLoopLimits.pendingLookups {
            resolver.add(lookup)
            startLookups()
        } else {
            execute {
                lookup.fail(.init(.resolve, address: host, code: .noBufferSpace, text: "too many names are waiting to be resolved"))
            }
        }
        return lookup
    }

    /// Gives threads to the names that wait, as many as there is room for.
    private func startLookups() {
        while let host = resolver.next(at: now) {
            let ask = resolver.ask
            // Weak: a name server that is silent keeps the thread for half a minute, not the loop.
            let hasStarted = SystemThread.start(name: "resolver") { [weak self] in
                let answer = ask(host)
                self?.execute { [weak self] in self?.endLookup(host, answer) }
            }
            if !hasStarted {
                let error = EventLoopError(.resolve, address: host, uv: UV_EAGAIN.rawValue)
                execute { self.endLookup(host, .failure(error)) }
            }
        }
    }

    private func endLookup(_ host: String, _ answer: Result<[SocketAddress], EventLoopError>) {
        guard !isStopping else { return }
        for lookup in resolver.end(host, at: now) {
            lookup.finish(
                answer.map { addresses in
                    addresses.map { address in
                        var address = address
                        address.port = lookup.port
                        return address
                    }
                })
        }
        startLookups()
    }
}

extension Resolver {
    /// What the system's resolver says. Takes as long as that does.
    private static func systemAddresses(of host: String) -> Result<[SocketAddress], EventLoopError> {
        var results: UnsafeMutablePointer<addrinfo>?
        let code = podoru_uv_look_up(host, &results)
        guard code == 0 else { return .failure(EventLoopError(.resolve, address: host, uv: code)) }
        defer { freeaddrinfo(results) }
        let addresses = addresses(results)
        return addresses.isEmpty ? .failure(EventLoopError(.resolve, address: host, uv: UV_EAI_NODATA.rawValue)) : .success(addresses)
    }

    /// The different IP addresses of C's list, in its order, cut at the bound.
    private static func addresses(_ results: UnsafeMutablePointer<addrinfo>?) -> [SocketAddress] {
        var addresses: [SocketAddress] = []
        var entry = results
        while let current = entry, addresses.count < EventLoopLimits.addressesPerName {
            entry = current.pointee.ai_next
            var storage = sockaddr_storage()
            let count = min(Int(current.pointee.ai_addrlen), MemoryLayout<sockaddr_storage>.size)
            guard let source = current.pointee.ai_addr else { continue }
            withUnsafeMutableBytes(of: &storage) { $0.copyMemory(from: UnsafeRawBufferPointer(start: source, count: count)) }
            if let address = SocketAddress(storage), !addresses.contains(address) { addresses.append(address) }
        }
        return addresses
    }
}
