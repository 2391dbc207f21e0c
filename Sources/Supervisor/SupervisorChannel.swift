internal import Dispatch
internal import EventLoop
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The node's end of the socket on which a supervising process (the devnet) hears of it and gives it orders.
package final class SupervisorChannel: Sendable {
    /// Orders, one word a line.
    package enum Order: String, Sendable {
        /// Make no more blocks.
        case pause
    }

    /// How often the supervisor hears where the node stands.
    package static let statusInterval = Duration.milliseconds(250)

    private let descriptor: Int32
    private let queue = DispatchQueue(label: "podoru.supervisor")

    /// - Parameters:
    ///   - onOrder: called on a thread of the channel.
    ///   - onEnd: called there once, when the supervisor has closed its end or is gone, however it ended.
    package init(descriptor: Int32, onOrder: @escaping @Sendable (Order) -> Void, onEnd: @escaping @Sendable () -> Void) {
        self.descriptor = descriptor
        SystemThread.start(name: "supervisor") {
            var line: [UInt8] = []
            var byte: UInt8 = 0
            // A byte at a time: orders are rare and a word long.
            while true {
                let count = recv(descriptor, &byte, 1, 0)
                if count < 0, errno == EINTR { continue }
                guard count == 1 else { return onEnd() }
                if byte == UInt8(ascii: "\n") {
                    if let order = Order(rawValue: String(decoding: line, as: UTF8.self)) { onOrder(order) }
                    line.removeAll()
                } else if line.count < 64 {
                    line.append(byte)
                }
            }
        }
    }

    /// Sends a report, or drops it when the supervisor does not read: it never waits.
    package func send(_ report: NodeReport) {
        let line = report.line
        _ = line.withUnsafeBytes {
            Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        }
    }
}
