internal import EventLoop
internal import Network

/// The attempts to connect that are under way: at most one an endpoint, and as many as the core orders. On the loop.
final class Dialler {
    private let loop: EventLoop
    private let options: NetworkOptions
    private var attempts: [Endpoint: ConnectAttempt] = [:]

    init(loop: EventLoop, options: NetworkOptions) {
        self.loop = loop
        self.options = options
    }

    /// - Parameter completion: not called when the attempt is cancelled.
    func dial(_ endpoint: Endpoint, completion: @escaping (Result<TCPConnection, EventLoopError>) -> Void) {
        guard attempts[endpoint] == nil else { return }
        attempts[endpoint] = loop.connect(
            host: endpoint.host, port: endpoint.port, timeout: options.dialTimeout, options: options.tcp
        ) { [self] result in
            if attempts.removeValue(forKey: endpoint) != nil {
                completion(result)
            } else if case .success(let connection) = result {
                connection.close()
            }
        }
    }

    func cancel(_ endpoint: Endpoint) {
        attempts.removeValue(forKey: endpoint)?.cancel()
    }

    func stop() {
        for attempt in attempts.values { attempt.cancel() }
        attempts = [:]
    }
}
