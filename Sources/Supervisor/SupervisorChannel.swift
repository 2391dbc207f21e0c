internal import Dispatch
internal import Platform
internal import Synchronization
internal import SystemPackage

/// The node's end of the socket on which a supervising process (the devnet) hears of it and gives it orders.
package final class SupervisorChannel: Sendable {
    /// Orders, one word a line.
    package enum Order: String, Sendable {
        /// Make no more blocks.
        case pause
    }

    /// How often the supervisor hears where the node stands.
    package static let statusInterval = Duration.milliseconds(250)

    private let descriptor: FileDescriptor
    private let queue = DispatchQueue(label: "podoru.supervisor")

    /// - Parameters:
    ///   - onOrder: called on a thread of the channel.
    ///   - onEnd: called there once, when the supervisor has closed its end or is gone, however it ended.
    package init(descriptor: Int32, onOrder: @escaping @Sendable (Order) -> Void, onEnd: @escaping @Sendable () -> Void) {
        let descriptor = FileDescriptor(rawValue: descriptor)
        self.descriptor = descriptor
        SystemThread.start(name: "supervisor") {
            var line: [UInt8] = []
            var bytes: [UInt8] = [0]
            // A byte at a time: orders are rare and a word long.
            while true {
                guard (try? descriptor.readBytes(into: &bytes)) == 1 else { return onEnd() }
                let byte = bytes[0]
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
        descriptor.sendNow(report.line)
    }
}
