internal import Logging
internal import NIOCore
internal import Platform
internal import SystemPackage

/// Lets a listener rest when the system has no descriptor or no memory for another connection, and says so once.
///
/// Where accept(2) fails for want of something, the connection stays in the system's queue and the socket stays readable. NIO goes on
/// polling it, its own `AcceptBackoffHandler` notwithstanding: a read that ended in an error stays pending. So reading is turned off for
/// `APILimits.acceptPause`. Connections wait in the system's queue meanwhile.
///
/// It rests before the last descriptor is gone, too: see `DescriptorRoom`. In front of NIO's own handlers.
final class AcceptRest: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    typealias OutboundIn = any Channel

    /// As lines of the log name the listener.
    private let name: String
    private let room: @Sendable () -> DescriptorRoom
    private let pause: TimeAmount
    private let calm: TimeAmount
    private let logger: Logger
    private var resting: Scheduled<Void>?
    /// Ends the shortage that was told; `nil` when there is none.
    private var shortage: Scheduled<Void>?
    /// How often it has rested in this shortage.
    private var rests = 0
    /// Why it rests; the last fault for a listener that ends.
    private var fault: IOError?
    private var isEnding = false

    /// - Parameter room: what is left to others; asked at each connection, since a reload and the system may change it.
    init(_ name: String, limits: APILimits, room: @escaping @Sendable () -> DescriptorRoom, logger: Logger) {
        self.name = name
        self.room = room
        pause = limits.acceptPause
        calm = limits.acceptCalm
        self.logger = logger
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // It is told so by its own handlers.
        if !room().hasPlace(for: AcceptRest.unwrapInboundIn(data)) {
            rest(context, AcceptRest.remedy, because: "the process is near its limit of open files")
        }
        context.fireChannelRead(data)
    }

    /// A read that another handler asks for while it rests is made up for at its end.
    func read(context: ChannelHandlerContext) {
        if resting == nil { context.read() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let fault = error as? IOError else { return }
        self.fault = fault
        switch Errno(rawValue: fault.errnoCode) {
        case .tooManyOpenFiles: rest(context, AcceptRest.remedy, because: fault.said)
        case .tooManyOpenFilesInSystem: rest(context, "close programs on this machine, or raise fs.file-max", because: fault.said)
        case .noBufferSpace, .noMemory: rest(context, "the machine is short of memory for sockets", because: fault.said)
        default: break  // Of one connection that is gone already (ECONNABORTED).
        }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        isEnding = true
        context.close(mode: mode, promise: promise)
    }

    func channelInactive(context: ChannelHandlerContext) {
        resting?.cancel()
        shortage?.cancel()
        if !isEnding {
            let reason = fault?.said ?? "the system closed it"
            logger.error("\(name) has ended and takes no more connections: restart the node", metadata: ["reason": "\(reason)"])
        }
        context.fireChannelInactive()
    }

    // MARK: Resting

    private static let remedy =
        "raise the limit of open files (`ulimit -n`, or LimitNOFILE= of its systemd unit), or lower `api_max_connections`"

    private func rest(_ context: ChannelHandlerContext, _ remedy: String, because reason: String) {
        rests += 1
        if shortage == nil {
            logger.warning(
                "\(name) rests, and connections wait: \(remedy)",
                metadata: ["reason": "\(reason)", "limit": "\(DescriptorRoom.limit)"])
        }
        shortage?.cancel()
        let me = NIOLoopBound(self, eventLoop: context.eventLoop)
        shortage = context.eventLoop.scheduleTask(in: calm) { me.value.endShortage() }
        guard resting == nil else { return }
        turnReading(false, context)
        let place = NIOLoopBound(context, eventLoop: context.eventLoop)
        resting = context.eventLoop.scheduleTask(in: pause) {
            me.value.resting = nil
            me.value.turnReading(true, place.value)
        }
    }

    private func turnReading(_ isOn: Bool, _ context: ChannelHandlerContext) {
        // Fails on a channel that has ended only.
        try? context.channel.syncOptions?.setOption(.autoRead, value: isOn)
    }

    private func endShortage() {
        logger.notice("\(name) takes connections as before", metadata: ["rests": "\(rests)"])
        shortage = nil
        rests = 0
    }
}

/// How many descriptors a listener may use up. A plain value.
struct DescriptorRoom: Sendable {
    /// Descriptors that are left to others; not over a quarter of what the process may have, so that under a low limit some clients are
    /// served.
    var reserve: Int

    /// Everything may be used up.
    static let all = DescriptorRoom(reserve: 0)

    /// The first descriptor that is left to others under this limit of the process.
    func ceiling(under limit: Int) -> Int { limit - min(reserve, limit / 4) }

    /// Whether an accepted connection is not among those that are left to others. The system gives the lowest free number, so a number is
    /// a count.
    func hasPlace(for channel: any Channel) -> Bool {
        guard reserve > 0 else { return true }
        let number = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { Int($0) }
        return number.map { $0 < ceiling(under: DescriptorRoom.limit) } ?? true
    }

    /// How many descriptors the process may have now.
    static var limit: Int { ThisProcess.openFileLimit }
}

extension IOError {
    /// The system's words for it.
    fileprivate var said: String { Errno(rawValue: errnoCode).description }
}
