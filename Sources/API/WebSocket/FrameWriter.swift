internal import NIOCore
internal import NIOWebSocket

/// A server's frames: whole, unmasked (RFC 6455, 5.2).
enum FrameWriter {
    /// Appends one frame.
    static func write(_ opcode: WebSocketOpcode, _ payload: some Collection<UInt8>, into buffer: inout ByteBuffer) {
        buffer.writeInteger(0x80 | UInt8(webSocketOpcode: opcode))
        switch payload.count {
        case ...125: buffer.writeInteger(UInt8(payload.count))
        case ...0xffff:
            buffer.writeInteger(UInt8(126))
            buffer.writeInteger(UInt16(payload.count))
        default:
            buffer.writeInteger(UInt8(127))
            buffer.writeInteger(UInt64(payload.count))
        }
        buffer.writeBytes(payload)
    }

    static func frame(_ opcode: WebSocketOpcode, _ payload: some Collection<UInt8> = []) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(payload.count + 10)
        write(opcode, payload, into: &buffer)
        return buffer
    }

    /// A close frame with a code and a reason for people, of at most 123 bytes.
    static func close(_ code: UInt16, _ reason: StaticString) -> ByteBuffer {
        let text = reason.withUTF8Buffer { Array($0) }
        return frame(.connectionClose, [UInt8(code >> 8), UInt8(truncatingIfNeeded: code)] + text)
    }
}
