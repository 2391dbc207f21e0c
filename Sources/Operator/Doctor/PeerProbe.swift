internal import NIOCore
internal import NIOPosix
internal import Network
internal import Node
internal import NodeClient
internal import Platform
internal import Primitives
internal import Terminal
internal import Wire

/// What became of the question who somebody is.
enum PeerAnswer: Hashable, Sendable {
    /// Its name led to no address.
    case unresolved(String)
    /// No connection, with the reason.
    case unreachable(String)
    /// It closed the connection before its handshake.
    case closed
    /// It took the connection and said nothing in time.
    case silent
    /// What it sent breaks the protocol.
    case violation(Violation)
    /// It began with another message than a handshake.
    case stranger(type: UInt64)
    /// Its handshake, and how far its clock is ahead of ours in seconds, where it said the time.
    case handshake(Handshake, offset: Double?)
}

/// Asks a node who it is, without becoming its peer: a node says its handshake at once (`docs/protocol.md`, "Handshake"), so it is
/// enough to listen. Only who stays silent is greeted, since another implementation may wait for that.
struct PeerProbe: Sendable {
    /// What we would call ourselves.
    let chainID: String
    /// From the look-up of the name to the handshake, all in all.
    let timeout: Duration

    func ask(_ endpoint: Endpoint) async -> PeerAnswer {
        let answer = await Deadline.race(timeout + DoctorLimits.slack) { await askWithoutEnd(endpoint) }
        return answer ?? .silent
    }

    private func askWithoutEnd(_ endpoint: Endpoint) async -> PeerAnswer {
        let end = SystemClock.uptime(after: timeout)
        if endpoint.address == nil {
            // Looked up by itself first, so that a name server that hangs is not taken for a node that does.
            let host = endpoint.host
            guard let fault = await Deadline.blocking(timeout / 2, { AddressProbe.lookUpFault(host) }) else {
                return .unresolved("the name server gave no answer in time")
            }
            if let fault { return .unresolved(fault) }
        }
        let channel: any Channel
        do {
            channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(rest(until: end)).channelOption(.autoRead, value: false)
                .connect(host: endpoint.host, port: Int(endpoint.port)).get()
        } catch {
            return .unreachable(HTTPClient.reason(error))
        }
        let (greeting, time) = (self.greeting, rest(until: end))
        let promise = channel.eventLoop.makePromise(of: PeerAnswer.self)
        channel.eventLoop.execute {
            do {
                try channel.pipeline.syncOperations.addHandler(HandshakeListener(promise, greeting: greeting, timeout: time))
            } catch {
                promise.succeed(.closed)
                return channel.close(promise: nil)
            }
            channel.setOption(.autoRead, value: true).whenFailure { _ in channel.close(promise: nil) }
        }
        return (try? await promise.futureResult.get()) ?? .closed
    }

    /// At least a moment, so that what is late is told as such.
    private func rest(until end: Int64) -> TimeAmount {
        TimeAmount.nanoseconds(max(1_000_000, end - SystemClock.uptime))
    }

    private var greeting: [UInt8] {
        var random = SystemRandomNumberGenerator()
        let handshake = Handshake(
            version: PodoruVersion.current, chainID: chainID, height: 0, nodeType: .full, listenAddress: "", nonce: random.next())
        let now = SystemClock.unixSeconds
        return (try? FrameEncoder.frame(type: .handshake, payload: handshake.encode(), timestamp: now)) ?? []
    }
}

/// One connection's way to a handshake: the first frame decides.
private final class HandshakeListener: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let promise: EventLoopPromise<PeerAnswer>
    private let greeting: [UInt8]
    private let timeout: TimeAmount
    private var decoder = FrameDecoder(maxFrameBytes: NetworkLimits.maxFirstFrameBytes)
    private var budget = FrameBudget(limit: NetworkLimits.maxFirstFrameBytes, maxFrameBytes: NetworkLimits.maxFirstFrameBytes)
    private var timers: [Scheduled<Void>] = []
    private var isDone = false

    init(_ promise: EventLoopPromise<PeerAnswer>, greeting: [UInt8], timeout: TimeAmount) {
        self.promise = promise
        self.greeting = greeting
        self.timeout = timeout
    }

    func handlerAdded(context: ChannelHandlerContext) {
        // It may have been closed between the connection and this moment.
        guard context.channel.isActive else { return end(.closed, context) }
        let loop = context.eventLoop.assumeIsolated()
        timers = [
            loop.scheduleTask(in: timeout / 2) { self.greet(context) },
            loop.scheduleTask(in: timeout) { self.end(.silent, context) },
        ]
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else { return }
        let answer = unwrapInboundIn(data).withUnsafeReadableBytes { bytes -> PeerAnswer? in
            var rest = bytes
            switch decoder.next(&rest, budget: &budget, now: .milliseconds(SystemClock.uptimeMilliseconds)) {
            case .frame(let frame): return HandshakeListener.judge(frame)
            case .violation(let violation): return .violation(violation)
            case .needMore, .waitingForBudget: return nil
            }
        }
        if let answer { end(answer, context) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(.closed, context)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(.closed, context)
    }

    private static func judge(_ frame: Frame) -> PeerAnswer {
        let now = SystemClock.unixMilliseconds
        do throws(Violation) {
            let message = try frame.withUnsafeBytes { bytes throws(Violation) in try Envelope(decoding: bytes) }
            guard message.known == .handshake else { return .stranger(type: message.type) }
            let handshake = try Handshake(decoding: message.payload)
            try message.verify(expected: handshake.nodeID.flatMap { Address(ByteString($0)) })
            return .handshake(handshake, offset: offset(ofTimestamp: message.timestamp, at: now))
        } catch {
            return .violation(error)
        }
    }

    /// The middle of the second that the sender named, against our clock. 0 is a sender that does not say; years apart overflow
    /// nothing.
    private static func offset(ofTimestamp timestamp: Int64, at milliseconds: Int64) -> Double? {
        timestamp == 0 ? nil : Double(timestamp) + 0.5 - Double(milliseconds) / 1000
    }

    private func greet(_ context: ChannelHandlerContext) {
        guard !isDone, !greeting.isEmpty else { return }
        context.writeAndFlush(NIOAny(ByteBuffer(bytes: greeting)), promise: nil)
    }

    /// The first answer counts.
    private func end(_ answer: PeerAnswer, _ context: ChannelHandlerContext) {
        guard !isDone else { return }
        isDone = true
        for timer in timers { timer.cancel() }
        promise.succeed(answer)
        context.close(promise: nil)
    }
}

extension TimeAmount {
    fileprivate static func / (amount: TimeAmount, divisor: Int64) -> TimeAmount { .nanoseconds(amount.nanoseconds / divisor) }
}
