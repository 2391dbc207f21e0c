import Foundation

/// Neighbouring ports for commands that count upwards from one.
public enum FreePorts {
    public struct NoneFound: Error {}

    /// The first of `count` ports in a row that nobody has now, below those that the system gives out by itself.
    public static func first(of count: Int) throws -> Int {
        for _ in 0..<200 {
            let base = Int.random(in: 10_000..<30_000)
            if (base..<base + count).allSatisfy(isFree) { return base }
        }
        throw NoneFound()
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        return withLoopback(port) { bind(descriptor, $0, $1) == 0 }
    }
}

/// A socket that listens on 127.0.0.1, at a free port where `wanted` is 0. The caller closes it.
public func listenOnLoopback(port wanted: Int) throws -> (descriptor: Int32, port: Int) {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var yes: Int32 = 1
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    var taken = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening =
        withLoopback(wanted) { bind(listener, $0, $1) == 0 } && listen(listener, 64) == 0
        && withUnsafeMutablePointer(to: &taken) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(listener, $0, &length) == 0 }
        }
    guard isListening else {
        let code = errno
        close(listener)
        throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EIO)
    }
    return (listener, Int(in_port_t(bigEndian: taken.sin_port)))
}

/// 127.0.0.1 and a port, as the system's calls take them.
private func withLoopback<R>(_ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    address.sin_port = in_port_t(port).bigEndian
    return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
}
