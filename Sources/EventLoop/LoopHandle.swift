internal import CUV

/// The owner of a libuv handle.
///
/// The handle lives on the heap and keeps its owner alive through `data`: retained once when it is made, released once
/// in its close callback, where the memory is freed. So an owner may be dropped by its users at any time, and libuv
/// never sees memory that moved or went.
protocol LoopHandle: AnyObject {
    /// Closes because the loop ends.
    func closeForStop()
    /// The close callback: libuv has forgotten the handle.
    func handleDidClose()
}

/// `pointer` as the handle that every libuv handle begins with.
func uvHandle<Handle>(_ pointer: UnsafeMutablePointer<Handle>) -> UnsafeMutablePointer<uv_handle_t> {
    UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: uv_handle_t.self)
}

/// `pointer` as the stream that a libuv TCP handle begins with.
@inline(__always)
func uvStream(_ pointer: UnsafeMutablePointer<uv_tcp_t>) -> UnsafeMutablePointer<uv_stream_t> {
    UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: uv_stream_t.self)
}

extension EventLoop {
    /// The loop behind libuv's.
    @inline(__always)
    static func of(_ loop: UnsafeMutablePointer<uv_loop_t>?) -> EventLoop? {
        loop?.pointee.data.map { Unmanaged<EventLoop>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Makes `owner` the owner of a handle that was just initialised.
    func adopt<Handle>(_ handle: UnsafeMutablePointer<Handle>, owner: some LoopHandle) {
        uvHandle(handle).pointee.data = Unmanaged.passRetained(owner).toOpaque()
        openHandles += 1
    }

    /// Closes an adopted handle. Its owner hears `handleDidClose` once, later.
    func close<Handle>(_ handle: UnsafeMutablePointer<Handle>) {
        uv_close(uvHandle(handle), Self.handleClosed)
    }

    /// The close callback of every adopted handle.
    static let handleClosed: uv_close_cb = { handle in
        guard let handle, let data = handle.pointee.data else { return }
        EventLoop.of(handle.pointee.loop)?.openHandles -= 1
        let owner = Unmanaged<AnyObject>.fromOpaque(data).takeRetainedValue()
        UnsafeMutableRawPointer(handle).deallocate()
        (owner as? any LoopHandle)?.handleDidClose()
    }

    /// Throws unless new handles may be made.
    func checkRunning(_ operation: EventLoopError.Operation, address: @autoclosure () -> String? = nil) throws(EventLoopError) {
        preconditionOnLoop()
        guard !isStopping else {
            throw EventLoopError(operation, address: address(), code: .canceled, text: "the event loop is stopping")
        }
    }
}

extension Duration {
    /// Nanoseconds, at the ends of `Int64` where it does not fit.
    var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflow2) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return overflow || overflow2 ? (seconds < 0 ? .min : .max) : sum
    }

    /// Milliseconds as libuv's timers take them: rounded up, nothing below zero.
    var wholeMilliseconds: UInt64 {
        let nanoseconds = max(0, wholeNanoseconds)
        return UInt64(nanoseconds / 1_000_000) + (nanoseconds % 1_000_000 == 0 ? 0 : 1)
    }
}
