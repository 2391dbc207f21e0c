import Foundation

/// A service manager's end of sd_notify(3), as systemd has it.
public final class FakeServiceManager {
    public let path: String
    private let descriptor: Int32

    public init(abstract: Bool = false) throws {
        let name = "podoru-\(UUID().uuidString.prefix(8))"
        path = abstract ? "@\(name)" : "/tmp/\(name).notify"
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = abstract ? [0] + Array(name.utf8) : Array(path.utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        guard result == 0 else { throw CocoaError(.fileWriteUnknown) }
    }

    /// The next datagram that is already there.
    public func next() -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        return count < 0 ? nil : String(decoding: buffer.prefix(count), as: UTF8.self)
    }

    /// Forgets what it was told so far.
    public func forget() {
        while next() != nil {}
    }

    deinit {
        close(descriptor)
        if path.hasPrefix("/") { unlink(path) }
    }
}
