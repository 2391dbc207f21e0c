internal import Dispatch

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Signals as streams.
enum SystemSignal {
    /// Every `number` from now on; those that come faster than they are taken are one.
    static func stream(_ number: Int32) -> AsyncStream<Int32> { stream([number]) }

    /// Every one of `numbers` from now on, of which the newest is kept until it is taken. There must be one stream a signal at most:
    /// a second one would undo what dispatch arranged for the first.
    static func stream(_ numbers: [Int32]) -> AsyncStream<Int32> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            // Made here, cancelled once at the end of the stream: a dispatch source may be cancelled from any thread.
            nonisolated(unsafe) let sources = numbers.map { number in
                // The default action ends the process; the source hears it all the same.
                signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number)
                source.setEventHandler { continuation.yield(number) }
                return source
            }
            continuation.onTermination = { _ in for source in sources { source.cancel() } }
            for source in sources { source.resume() }
        }
    }
}
