internal import Dispatch
internal import Platform

/// A signal that ends a command in its own way.
struct StopSignal {
    private let source: any DispatchSourceSignal

    init(_ signal: Signal, _ handler: @escaping @Sendable () -> Void) {
        // The default action would end the process first; the source hears it all the same.
        signal.ignore()
        source = DispatchSource.makeSignalSource(signal: signal.rawValue, queue: .global())
        source.setEventHandler(handler: handler)
        source.resume()
    }

    func cancel() { source.cancel() }
}
