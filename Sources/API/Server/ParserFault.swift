internal import NIOHTTP1

extension APIError {
    /// What the parser found wrong with a request, for the client.
    ///
    /// - Parameters:
    ///   - isInRequestLine: the head's first line has not ended.
    ///   - isInBody: a whole head came.
    init(_ fault: HTTPParserError, _ peek: HeadPeek, isInRequestLine: Bool, isInBody: Bool, limits: APILimits) {
        switch fault {
        case .headerOverflow where isInRequestLine:
            self.init(.uriTooLong, "the request target is longer than \(limits.targetBytes) bytes")
        case .headerOverflow:
            self.init(
                .requestHeaderFieldsTooLarge,
                "the head has more than \(limits.headBytes) bytes or \(limits.headerFields) fields")
        case .invalidContentLength, .unexpectedContentLength:
            self.init(.badRequest, "the request has no single, decimal Content-Length, or one beside Transfer-Encoding")
        case .invalidChunkSize: self.init(.badRequest, "a chunk of the body has no hexadecimal size")
        case .invalidEOFState, .closedConnection: self.init(.badRequest, "the request ends too early")
        default:
            if isInBody {
                self.init(.badRequest, "the body's chunks are not framed as HTTP/1.1 wants it: each line ends in CR LF")
            } else {
                self.init(inHead: fault, peek)
            }
        }
    }

    private init(inHead fault: HTTPParserError, _ peek: HeadPeek) {
        let line = peek.line
        switch fault {
        // Where the parser meets a method of HTTP/2's preface, it rests for another parser.
        case .paused: self = .noHTTP2
        case _ where line?.isPreface == true: self = .noHTTP2
        case _ where line?.isTLS == true:
            self.init(.badRequest, "this port speaks HTTP without TLS: use http://, or a proxy that does TLS in front of it")
        // RFC 9112 lets a server take it for a line's end (2.2). Where a proxy in front does not, one request can hide in another.
        case _ where peek.hasBareLineFeed:
            self.init(.badRequest, "a line ends in LF alone; the lines of HTTP/1.1 end in CR LF")
        case .invalidMethod where line?.hasMethod == true: self = .noMethod
        case .invalidMethod: self.init(.badRequest, "the request does not begin with a method of HTTP")
        case .invalidURL: self.init(.badRequest, "the request target holds a character that must be percent-encoded")
        case .invalidVersion where line?.hasVersion != false: self = .noVersion
        case .invalidVersion, .invalidConstant: self = .noVersionInLine
        case .invalidHeaderToken:
            self.init(
                .badRequest,
                "a header field is not `Name: value`; no space stands before the colon, no line goes on in the next, no control character is in it"
            )
        default: self.init(.badRequest, "the request is not HTTP/1.1: its head or its Transfer-Encoding is malformed")
        }
    }

    static let noVersionInLine = APIError(.badRequest, "the request line does not end in HTTP/1.1")
    private static let noHTTP2 = APIError(
        .httpVersionNotSupported, "HTTP/2 is not spoken here; send HTTP/1.1, or put a proxy in front that speaks both")
    private static let noVersion = APIError(.httpVersionNotSupported, "the versions that are spoken here are HTTP/1.1 and HTTP/1.0")
    private static let noMethod = APIError(
        .notImplemented, "the methods here are \(Router.methods), in capitals; another is not known", headers: ["Allow": Router.methods])
}
