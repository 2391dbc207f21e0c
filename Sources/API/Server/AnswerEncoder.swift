internal import NIOCore
internal import NIOHTTP1

/// Answers as the bytes of HTTP/1.1.
enum AnswerEncoder {
    static let goOn = "HTTP/1.1 100 Continue\r\n\r\n"

    /// Head and body in one buffer: one system call writes them.
    ///
    /// - Parameter date: the line of `DateLine`.
    static func encode(
        _ response: APIResponse, for exchange: Exchange, cors: CORSPolicy?, date: String, allocator: ByteBufferAllocator
    ) -> ByteBuffer {
        var buffer = allocator.buffer(capacity: 448 + (exchange.isHead ? 0 : response.body.count))
        let status = response.status
        buffer.writeStaticString("HTTP/1.1 ")
        buffer.writeString(String(status.code))
        buffer.writeStaticString(" ")
        buffer.writeString(status.reasonPhrase)
        buffer.writeStaticString("\r\n")
        buffer.writeString(date)
        if status != .noContent {
            buffer.writeStaticString("Content-Type: ")
            buffer.writeString(response.contentType)
            buffer.writeStaticString("\r\nContent-Length: ")
            buffer.writeString(String(response.body.count))
            buffer.writeStaticString("\r\nX-Content-Type-Options: nosniff\r\n")
        }
        if let cors {
            buffer.writeString(cors.lines(origin: exchange.origin))
            if exchange.isPreflight { buffer.writeString(cors.preflightLines(origin: exchange.origin)) }
        }
        for field in response.headers {
            buffer.writeString(field.name)
            buffer.writeStaticString(": ")
            buffer.writeString(field.value)
            buffer.writeStaticString("\r\n")
        }
        if exchange.isLast {
            buffer.writeStaticString("Connection: close\r\n")
        } else if exchange.isOld {
            buffer.writeStaticString("Connection: keep-alive\r\n")
        }
        buffer.writeStaticString("\r\n")
        if !exchange.isHead, status != .noContent { buffer.writeBytes(response.body) }
        return buffer
    }
}
