internal import Network
internal import Primitives

/// `Dialect.podoru`: `Envelope` and the payloads of `Payloads/`.
enum PodoruDialect {
    static func decode(_ frame: UnsafeRawBufferPointer) throws(Violation) -> ReceivedMessage {
        let envelope = try Envelope(decoding: frame)
        var received = ReceivedMessage(.unknown(envelope.type), byteCount: NetworkLimits.prefixBytes + frame.count)
        guard let type = envelope.known else { return received }
        do throws(Violation) {
            // Of a handshake that is wrong twice the payload is told, of everything else the signature.
            if type != .handshake { received.signer = try envelope.signer() }
            let message = try read(type, envelope.payload)
            if type == .handshake { received.signer = try envelope.signer() }
            received.content = .message(message)
        } catch {
            received.content = .malformed(type, error)
        }
        return received
    }

    private static func read(_ type: MessageType, _ payload: [UInt8]) throws(Violation) -> Message {
        switch type {
        case .handshake: .handshake(try Handshake(decoding: payload))
        case .block: .block(payload)
        case .transaction: .transaction(payload)
        case .transactionBatch: .transactionBatch(try TransactionBatch.split(payload).map { Array(payload[$0]) })
        case .blockRequest: .blockRequest(try BlockRequest(decoding: payload))
        case .blockResponse: .blockResponse(payload)
        case .peerList: .peerList(try PeerList(decoding: payload))
        case .ping: .ping(try Ping(decoding: payload, type: .ping))
        case .pong: .pong(try Ping(decoding: payload, type: .pong))
        }
    }

    static func encode(_ message: Message, timestamp: Int64, identity: PrivateKey?, maxFrameBytes: Int) -> [UInt8]? {
        let signer = message.type == .handshake ? identity : nil
        return try? FrameEncoder.frame(
            type: message.type, payload: payload(of: message), timestamp: timestamp, signer: signer, maxFrameBytes: maxFrameBytes)
    }

    private static func payload(of message: Message) -> [UInt8] {
        switch message {
        case .handshake(let handshake): handshake.encode()
        case .block(let json), .transaction(let json), .blockResponse(let json): json
        case .transactionBatch(let transactions): TransactionBatch.encode(transactions).payload
        case .blockRequest(let request): request.encode()
        case .peerList(.request): []
        case .peerList(.answer(let endpoints, _)): PeerList.encode(endpoints)
        case .ping(let ping), .pong(let ping): ping.encode()
        }
    }
}
