internal import CUV
internal import DequeModule

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// One name being turned into addresses. Made by ``EventLoop/resolve(host:port:completion:)``.
// Unchecked: touched on the loop's thread only, which every entry point checks.
public final class Lookup: @unchecked Sendable {
    public typealias Completion = (Result<[SocketAddress], EventLoopError>) -> Void

    let loop: EventLoop
    let host: String
    let port: UInt16
    /// The system's request while it has one.
    fileprivate var request: UnsafeMutablePointer<uv_getaddrinfo_t>?
    private var completion: Completion?

    fileprivate init(on loop: EventLoop, host: String, port: UInt16, completion: @escaping Completion) {
        self.loop = loop
        self.host = host
        self.port = port
        self.completion = completion
    }

    fileprivate var isFinished: Bool { completion == nil }

    /// Ends it with code `ECANCELED`, soon. The system's own work may go on for a while; its answer is dropped.
    public func cancel() {
        loop.preconditionOnLoop()
        if let request {
            uv_cancel(UnsafeMutableRawPointer(request).assumingMemoryBound(to: uv_req_t.self))
        } else {
            loop.resolver.waiting.removeAll { $0 === self }
        }
        loop.execute { self.fail(.init(.resolve, address: self.host, uv: UV_ECANCELED.rawValue)) }
    }

    fileprivate func fail(_ error: EventLoopError) { finish(.failure(error)) }

    fileprivate func finish(_ result: Result<[SocketAddress], EventLoopError>) {
        exchange(&completion, with: nil)?(result)
    }
}

/// What the loop has asked of the system's resolver and what waits for its turn.
struct Resolver {
    fileprivate var running: [Lookup] = []
    fileprivate var waiting: Deque<Lookup> = []

    var runningCount: Int { running.count }

    /// Whether no request of libuv is under way.
    var isIdle: Bool { running.isEmpty }

    /// All of them, running and waiting.
    var lookups: [Lookup] { running + waiting }
}

extension EventLoop {
    /// Turns a name, or an address as text, into the addresses to try, in the system's order of preference.
    ///
    /// At most ``EventLoopLimits/concurrentLookups`` run at once and ``EventLoopLimits/waitingLookups`` wait; the answer
    /// has at most ``EventLoopLimits/addressesPerName`` addresses and at least one. On the loop only.
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
        } else if resolver.running.count < EventLoopLimits.concurrentLookups {
            begin(lookup)
        } else if resolver.waiting.count < EventLoopLimits.waitingLookups {
            resolver.waiting.append(lookup)
        } else {
            execute {
                lookup.fail(.init(.resolve, address: host, code: .noBufferSpace, text: "too many names are waiting to be resolved"))
            }
        }
        return lookup
    }

    private func begin(_ lookup: Lookup) {
        let request = UnsafeMutablePointer<uv_getaddrinfo_t>.allocate(capacity: 1)
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        // Retained for the request, released once in its callback, which libuv always makes.
        request.pointee.data = Unmanaged.passRetained(lookup).toOpaque()
        let code = uv_getaddrinfo(
            uvLoop, request,
            { request, status, results in
                guard let request, let data = request.pointee.data else { return }
                let lookup = Unmanaged<Lookup>.fromOpaque(data).takeRetainedValue()
                request.deallocate()
                lookup.loop.end(lookup, status: status, results: results)
            }, lookup.host, nil, &hints)
        guard code == 0 else {
            Unmanaged.passUnretained(lookup).release()
            request.deallocate()
            execute { lookup.fail(.init(.resolve, address: lookup.host, uv: code)) }
            return
        }
        lookup.request = request
        resolver.running.append(lookup)
    }

    private func end(_ lookup: Lookup, status: CInt, results: UnsafeMutablePointer<addrinfo>?) {
        defer { uv_freeaddrinfo(results) }
        lookup.request = nil
        resolver.running.removeAll { $0 === lookup }
        while resolver.running.count < EventLoopLimits.concurrentLookups, let next = resolver.waiting.popFirst() {
            if !next.isFinished { begin(next) }
        }
        let addresses = Self.addresses(results, port: lookup.port)
        if status < 0 {
            lookup.fail(.init(.resolve, address: lookup.host, uv: status))
        } else if addresses.isEmpty {
            lookup.fail(.init(.resolve, address: lookup.host, uv: UV_EAI_NODATA.rawValue))
        } else {
            lookup.finish(.success(addresses))
        }
    }

    /// The different IP addresses of C's list, in its order, cut at the bound.
    private static func addresses(_ results: UnsafeMutablePointer<addrinfo>?, port: UInt16) -> [SocketAddress] {
        var addresses: [SocketAddress] = []
        var entry = results
        while let current = entry, addresses.count < EventLoopLimits.addressesPerName {
            entry = current.pointee.ai_next
            var storage = sockaddr_storage()
            let count = min(Int(current.pointee.ai_addrlen), MemoryLayout<sockaddr_storage>.size)
            guard let source = current.pointee.ai_addr else { continue }
            withUnsafeMutableBytes(of: &storage) { $0.copyMemory(from: UnsafeRawBufferPointer(start: source, count: count)) }
            guard var address = SocketAddress(storage) else { continue }
            address.port = port
            if !addresses.contains(address) { addresses.append(address) }
        }
        return addresses
    }
}
