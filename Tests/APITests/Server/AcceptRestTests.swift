import Foundation
import Logging
import NIOCore
import NIOPosix
import Synchronization
import TestKit
import Testing

@testable import API

/// A listener that cannot accept rests, says so once, and goes on.
@Suite struct AcceptRestTests {
    /// A listener of its own with small limits.
    private struct Listener {
        let channel: any Channel
        let accepted: Counter
        let lines: Lines

        static func open(pause: TimeAmount, calm: TimeAmount = .hours(1)) async throws -> Listener {
            let (accepted, lines) = (Counter(), Lines())
            var limits = APILimits()
            limits.acceptPause = pause
            limits.acceptCalm = calm
            let small = limits
            let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .serverChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let rest = AcceptRest(
                            "the listener", limits: small, room: { .all }, logger: lines.logger)
                        try channel.pipeline.syncOperations.addHandler(rest)
                    }
                }
                .childChannelInitializer { channel in
                    accepted.add()
                    return channel.eventLoop.makeSucceededVoidFuture()
                }
                .bind(host: "127.0.0.1", port: 0).get()
            return Listener(channel: channel, accepted: accepted, lines: lines)
        }

        var port: UInt16 { UInt16(channel.localAddress?.port ?? 0) }

        /// As accept(2) reports a fault.
        func fail(_ code: CInt) async throws {
            let channel = channel
            try await channel.eventLoop.submit { channel.pipeline.fireErrorCaught(IOError(errnoCode: code, reason: "accept")) }.get()
        }

        /// What was asked of the loop before is done.
        func settle() async throws { try await channel.eventLoop.submit {}.get() }
    }

    final class Counter: Sendable {
        private let number = Mutex(0)
        var value: Int { number.withLock { $0 } }
        func add() { number.withLock { $0 += 1 } }
    }

    /// What is logged, as `level: message`.
    final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }

        var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }

        private struct Handler: LogHandler {
            let lines: Lines
            var metadata: Logger.Metadata = [:]
            var logLevel = Logger.Level.trace

            subscript(metadataKey key: String) -> Logger.Metadata.Value? {
                get { metadata[key] }
                set { metadata[key] = newValue }
            }

            func log(event: LogEvent) {
                lines.lines.withLock { $0.append("\(event.level): \(event.message) \(event.metadata ?? [:])") }
            }
        }
    }

    @Test(arguments: [EMFILE, ENFILE, ENOBUFS, ENOMEM]) func whileSomethingIsShortNothingIsAccepted(_ code: CInt) async throws {
        let listener = try await Listener.open(pause: .hours(1))
        defer { listener.channel.close(promise: nil) }
        try await listener.fail(code)
        let waiting = try await RawClient.connect(port: listener.port)
        defer { waiting.close() }
        // Other reads that are asked for do not count.
        listener.channel.read()
        for _ in 0..<20 { try await listener.settle() }
        #expect(listener.accepted.value == 0)
        try await listener.fail(code)
        let lines = listener.lines.all
        #expect(lines.count == 1 && lines.first?.hasPrefix("warning: the listener rests, and connections wait: ") == true, "\(lines)")
        #expect(lines.first?.contains(String(cString: strerror(code))) == true, "\(lines)")
    }

    @Test(arguments: [ECONNABORTED, EPERM]) func theFaultOfOneConnectionIsNothing(_ code: CInt) async throws {
        let listener = try await Listener.open(pause: .hours(1))
        defer { listener.channel.close(promise: nil) }
        try await listener.fail(code)
        let client = try await RawClient.connect(port: listener.port)
        defer { client.close() }
        try await eventually("it is accepted") { listener.accepted.value == 1 }
        #expect(listener.lines.all.isEmpty)
    }

    @Test func afterTheRestItGoesOnAndSaysWhenTheShortageIsOver() async throws {
        let listener = try await Listener.open(pause: .milliseconds(20), calm: .milliseconds(400))
        defer { listener.channel.close(promise: nil) }
        try await listener.fail(EMFILE)
        let client = try await RawClient.connect(port: listener.port)
        defer { client.close() }
        try await eventually("it is accepted") { listener.accepted.value == 1 }
        try await listener.fail(EMFILE)
        try await eventually("the end of the shortage is told") { listener.lines.all.count == 2 }
        #expect(listener.lines.all.last?.hasPrefix("notice: the listener takes connections as before") == true, "\(listener.lines.all)")
        #expect(listener.lines.all.last?.contains("2") == true, "two rests: \(listener.lines.all)")
    }

    @Test func theLastDescriptorsAreLeftToOthers() {
        let room = DescriptorRoom(reserve: 82)
        #expect(room.ceiling(under: 4096) == 4014)
        // Under a low limit a quarter: some clients are served.
        #expect(room.ceiling(under: 64) == 48)
        #expect(DescriptorRoom.all.ceiling(under: 64) == 64)
    }

    @Test func aListenerThatIsClosedInOrderSaysNothing() async throws {
        let listener = try await Listener.open(pause: .hours(1))
        try await listener.fail(EMFILE)
        try await listener.channel.close().get()
        #expect(listener.lines.all.count == 1, "\(listener.lines.all)")
    }
}
