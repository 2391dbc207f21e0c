import Foundation

/// A socket that listens on 127.0.0.1, at a free port where `wanted` is 0. The caller closes it.
func listenOnLoopback(port wanted: Int) throws -> (descriptor: Int32, port: Int) {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var yes: Int32 = 1
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    address.sin_port = in_port_t(wanted).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(listener, $0, length) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &length) == 0
        }
    }
    guard isListening else {
        let code = errno
        close(listener)
        throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EIO)
    }
    return (listener, Int(in_port_t(bigEndian: address.sin_port)))
}
