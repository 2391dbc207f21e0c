internal import Dispatch
internal import Platform

/// A signal that ends a command in its own way.
struct StopSignal {
    private let source: any DispatchSourceSignal

    init(_ signal: Signal, _ handler: @escaping @Sendable () -> Void) {
        // As in `SystemSignal`: what comes before dispatch has taken the signal over is heard as well.
        signal.count()
        source = DispatchSource.makeSignalSource(signal: signal.rawValue, queue: .global())
        source.setEventHandler(handler: handler)
        source.setRegistrationHandler { if signal.hasCome { handler() } }
        source.resume()
    }

    func cancel() { source.cancel() }
}
