internal import Dispatch

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// SIGHUP as a stream.
enum HangupSignal {
    static func stream() -> AsyncStream<Void> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            // The default action ends the process; the source hears it all the same.
            signal(SIGHUP, SIG_IGN)
            // Made here, cancelled once at the end of the stream: a dispatch source may be cancelled from any thread.
            nonisolated(unsafe) let source = DispatchSource.makeSignalSource(signal: SIGHUP)
            source.setEventHandler { continuation.yield() }
            continuation.onTermination = { _ in source.cancel() }
            source.resume()
        }
    }
}
