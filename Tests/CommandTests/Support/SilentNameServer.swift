import Foundation
import Synchronization
import TestKit
import Testing

/// A name server that hears questions and says nothing, and the way to have a command ask it: a mount namespace with an
/// `/etc/resolv.conf` of its own.
final class SilentNameServer: Sendable {
    /// Not the one that systemd-resolved may have. A name server's port is 53.
    private static let address = "127.13.0.53"
    private static let unshare = "/usr/bin/unshare"

    static let why: Comment = "takes root, unshare(1) and an /etc/resolv.conf"

    static let canRun: Bool = {
        guard geteuid() == 0, FileManager.default.isExecutableFile(atPath: unshare) else { return false }
        guard FileManager.default.fileExists(atPath: "/etc/resolv.conf"), let server = try? SilentNameServer() else { return false }
        defer { server.stop() }
        guard let wrapper = try? server.wrapper() else { return false }
        return TestProcess.succeeds(wrapper + ["/bin/true"])
    }()

    private let descriptor: Int32
    private let directory = TemporaryDirectory()
    private var file: URL { directory.url.appendingPathComponent("resolv.conf") }
    private let heard = Mutex<Set<[UInt8]>>([])

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(53).bigEndian
        inet_pton(AF_INET, Self.address, &address.sin_addr)
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isBound else {
            let code = errno
            close(descriptor)
            throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EIO)
        }
        try Data("nameserver \(Self.address)\n".utf8).write(to: file)
        Thread.detachNewThread { [self] in listen() }
    }

    /// The names that were asked for.
    var questions: Int { heard.withLock { $0.count } }

    /// A command that runs a command which asks this server.
    func wrapper() throws -> [String] {
        [Self.unshare, "--mount", "/bin/sh", "-c", "mount --bind \(file.path) /etc/resolv.conf && exec \"$0\" \"$@\""]
    }

    func stop() {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }

    private func listen() {
        var datagram = [UInt8](repeating: 0, count: 512)
        while true {
            let count = recv(descriptor, &datagram, datagram.count, 0)
            guard count > 12 else { return }
            // The question begins behind the head of 12 bytes; its type, the last 4 bytes or so, differs for the two families.
            let name = datagram[12..<count].prefix { $0 != 0 }
            heard.withLock { _ = $0.insert(Array(name)) }
        }
    }
}
