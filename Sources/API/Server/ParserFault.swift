internal import HTTPTypes
internal import NIOHTTP1

extension APIError {
    /// What the parser found wrong with a request, for the client.
    ///
    /// - Parameter isInRequestLine: the head's first line has not ended.
    init(_ fault: HTTPParserError, isInRequestLine: Bool, limits: APILimits) {
        switch fault {
        case .headerOverflow where isInRequestLine:
            self.init(.uriTooLong, "the request target is longer than \(limits.targetBytes) bytes")
        case .headerOverflow:
            self.init(
                .requestHeaderFieldsTooLarge,
                "the head has more than \(limits.headBytes) bytes or \(limits.headerFields) fields")
        case .invalidMethod: self.init(.badRequest, "the request does not begin with a method of HTTP")
        case .invalidURL: self.init(.badRequest, "the request target holds a character that must be percent-encoded")
        case .invalidVersion, .invalidConstant: self.init(.badRequest, "the request line does not end in HTTP/1.1")
        case .invalidContentLength, .unexpectedContentLength:
            self.init(.badRequest, "the request has no single, decimal Content-Length, or one beside Transfer-Encoding")
        case .invalidChunkSize: self.init(.badRequest, "a chunk of the body has no hexadecimal size")
        case .invalidEOFState, .closedConnection: self.init(.badRequest, "the request ends too early")
        default: self.init(.badRequest, "the request is not HTTP/1.1: \(fault)")
        }
    }
}
