internal import Dispatch
internal import Platform

/// Signals as streams.
enum SystemSignal {
    /// Every `signal` from now on; those that come faster than they are taken are one.
    static func stream(_ signal: Signal) -> AsyncStream<Signal> { stream([signal]) }

    /// Every one of `signals` from now on, of which the newest is kept until it is taken. There must be one stream a signal at most:
    /// a second one would undo what dispatch arranged for the first.
    static func stream(_ signals: [Signal]) -> AsyncStream<Signal> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            // Made here, cancelled once at the end of the stream: a dispatch source may be cancelled from any thread.
            nonisolated(unsafe) let sources = signals.map { signal in
                // Dispatch takes a signal over on a thread of its own. What comes until then would end the process by default and be
                // lost by an ignored signal.
                signal.count()
                let source = DispatchSource.makeSignalSource(signal: signal.rawValue)
                source.setRegistrationHandler { if signal.hasCome { continuation.yield(signal) } }
                source.setEventHandler { continuation.yield(signal) }
                return source
            }
            continuation.onTermination = { _ in for source in sources { source.cancel() } }
            for source in sources { source.resume() }
        }
    }
}
