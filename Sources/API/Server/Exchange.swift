internal import NIOCore
internal import NIOHTTP1

/// One request on its way to its answer.
struct Exchange {
    /// What makes the answer.
    enum Work {
        case route(Route, APIRequest)
        /// A WebSocket is asked for.
        case upgrade(HTTPRequestHead)
        /// It is known already: an error, or a preflight.
        case answer(APIResponse)
    }

    var work: Work
    /// The answer has its length but no body.
    var isHead = false
    /// HTTP/1.0 wants to be told that the connection stays.
    var isOld = false
    var isPreflight = false
    var origin: String?
    /// No request comes after it.
    var isLast = false
    /// What comes after it is thrown away for a moment, so that the answer is not lost to a reset.
    var lingers = false
    /// Bytes of its body that the server counts.
    var reserved = 0
}

/// A request whose body is being received.
struct IncomingRequest {
    var exchange: Exchange
    /// `nil` when the answer is known and the body is thrown away.
    var isWanted: Bool
    var body: [UInt8] = []
    var received = 0
    let headEnded: NIODeadline
    /// The client waits for `100 Continue`.
    var awaitsContinue = false
}
