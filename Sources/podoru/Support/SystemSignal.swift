internal import Dispatch

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Signals as streams.
enum SystemSignal {
    /// Every `number` from now on; those that come faster than they are taken are one.
    static func stream(_ number: Int32) -> AsyncStream<Void> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            // The default action ends the process; the source hears it all the same.
            signal(number, SIG_IGN)
            // Made here, cancelled once at the end of the stream: a dispatch source may be cancelled from any thread.
            nonisolated(unsafe) let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { continuation.yield() }
            continuation.onTermination = { _ in source.cancel() }
            source.resume()
        }
    }
}
