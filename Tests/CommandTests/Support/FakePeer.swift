import Foundation
import Primitives
import Synchronization
import TestKit
import Wire

/// A program that listens where a peer is expected: it says some bytes to whoever connects, and stays or goes.
final class FakePeer: Sendable {
    private struct Content {
        var isStopped = false
        var connections = 0
    }

    let port: Int
    private let listener: Int32
    private let greeting: [UInt8]
    private let stays: Bool
    private let content = Mutex(Content())

    /// On a free port of 127.0.0.1, or on one that was free a moment ago.
    init(saying greeting: [UInt8] = [], stays: Bool = true, port wanted: Int = 0) throws {
        self.greeting = greeting
        self.stays = stays
        (listener, port) = try listenOnLoopback(port: wanted)
        Thread.detachNewThread { [self] in serve() }
    }

    /// A node that shakes hands.
    ///
    /// - Parameter ahead: seconds that its clock is ahead of this machine's.
    static func node(chainID: String, version: String = "1.0.0", nodeID: String? = nil, ahead: Int64 = 0) throws -> FakePeer {
        let handshake = Handshake(
            version: version, chainID: chainID, height: 12_345, nodeType: .full, listenAddress: "", nodeID: nodeID, nonce: 7)
        let now = Int64(Date().timeIntervalSince1970)
        return try FakePeer(saying: try FrameEncoder.frame(type: .handshake, payload: handshake.encode(), timestamp: now + ahead))
    }

    var endpoint: String { "127.0.0.1:\(port)" }
    var connections: Int { content.withLock { $0.connections } }

    func stop() {
        content.withLock { content in
            guard !content.isStopped else { return }
            content.isStopped = true
            shutdown(listener, Int32(SHUT_RDWR))
            close(listener)
        }
    }

    private func serve() {
        while true {
            let client = accept(listener, nil, nil)
            guard client >= 0 else { return }
            content.withLock { $0.connections += 1 }
            Thread.detachNewThread { [self] in
                _ = greeting.withUnsafeBytes { send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                var byte: UInt8 = 0
                while stays, recv(client, &byte, 1, 0) > 0 {}
                close(client)
            }
        }
    }
}
