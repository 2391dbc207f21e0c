import Ledger
import Primitives
import TestKit
import Testing

/// `transactions.json`: what the Go node printed of its transactions.
struct TransactionVectors: Decodable {
    struct Case: Decodable {
        struct Input: Decodable {
            struct Body: Decodable {
                struct Entry: Decodable {
                    var type_hex: String
                    var key_hex: String
                    var value_hex: String?
                }
                var operations: [Entry?]?
            }
            var id_hex: String?
            var from_hex: String
            var timestamp: String
            var nonce: String
            var signature_hex: String?
            var data: Body?
        }
        struct RoundTrip: Decodable {
            var hash: String?
            var json: String?
            var validate: String?
        }
        var name: String
        var input: Input
        var json: String
        var canonical: String
        var hash: String
        var size: Int
        var validate: String
        var verify: String
        var roundtrip: RoundTrip
        var signed_with: String?
    }
    struct Decoding: Decodable {
        var raw_hex: String
        var json: String?
        var from_hex: String?
        var error: String?
    }
    struct Large: Decodable {
        var name: String
        var hash: String
        var size: Int
        var validate: String
    }
    var transactions: [Case]
    var json_decode: [Decoding]
    var large: [Large]
    var key: String
    var address: String

    static func load() throws -> TransactionVectors {
        try Vectors.decode(TransactionVectors.self, from: "transactions.json")
    }
}

extension TransactionVectors.Case {
    /// The transaction that the Go node was given.
    func transaction() throws -> Transaction {
        var operations: [Operation?]?
        if let entries = input.data?.operations {
            operations = try entries.map { entry in
                guard let entry else { return nil }
                return Operation(
                    type: OperationType(ByteString(try #require(unhex(entry.type_hex)))),
                    key: ByteString(try #require(unhex(entry.key_hex))), value: unhex(entry.value_hex) ?? [])
            }
        }
        return Transaction(
            id: unhex(input.id_hex), from: ByteString(try #require(unhex(input.from_hex))),
            timestamp: try #require(Int64(input.timestamp)),
            data: input.data == nil ? nil : TransactionData(operations: operations), signature: unhex(input.signature_hex),
            nonce: try #require(UInt64(input.nonce)))
    }
}

/// What the Go node's words mean here.
private func words(_ fault: TransactionRejection?) -> String {
    guard let fault else { return "ok" }
    let prefix = "signature verification failed: "
    switch fault {
    case .signature(.missing): return prefix + "transaction has no signature"
    case .signature(.wrongLength): return prefix + "failed to recover address: signature must be 65 bytes"
    case .signature(.unrecoverable(.badRecoveryID)):
        return prefix + "failed to recover address: failed to recover public key: invalid signature recovery id"
    case .signature(.wrongSigner(let claimed, let recovered)):
        return prefix + prefix + "expected \(claimed.text.lowercased()), got \(recovered.lowercased)"
    default: return fault.description
    }
}

@Suite struct TransactionVectorTests {
    @Test func jsonIsByteForByteThatOfGo() throws {
        for vector in try TransactionVectors.load().transactions {
            let transaction = try vector.transaction()
            #expect(text(transaction.json) == vector.json, "\(vector.name)")
            #expect(transaction.json.count == vector.size, "\(vector.name)")
        }
    }

    @Test func theHashIsOverTheCanonicalBytes() throws {
        for vector in try TransactionVectors.load().transactions {
            let transaction = try vector.transaction()
            #expect(text(transaction.canonicalBytes) == vector.canonical, "\(vector.name)")
            #expect(transaction.hash.hex == vector.hash, "\(vector.name)")
            #expect(PreparedTransaction(unverified: transaction).size == vector.size, "\(vector.name)")
        }
    }

    @Test func validationGivesGosVerdict() throws {
        for vector in try TransactionVectors.load().transactions {
            let prepared = PreparedTransaction(try vector.transaction())
            #expect(words(prepared.fault) == vector.validate, "\(vector.name)")
        }
    }

    @Test func theSignatureAloneGivesGosVerdict() throws {
        for vector in try TransactionVectors.load().transactions {
            // The format check comes first in `fault`; where it objects, only a sound body shows the signature's verdict.
            let prepared = PreparedTransaction(try vector.transaction())
            guard prepared.formatFault == nil else { continue }
            let expected = vector.verify == "ok" ? "ok" : "signature verification failed: " + vector.verify
            #expect(words(prepared.fault) == expected, "\(vector.name)")
        }
    }

    @Test func decodingAndEncodingAgainGivesGosResult() throws {
        for vector in try TransactionVectors.load().transactions {
            let decoded = PreparedTransaction(try Transaction(decoding: Array(vector.json.utf8)))
            #expect(text(decoded.transaction.json) == vector.roundtrip.json, "\(vector.name)")
            #expect(decoded.hash.hex == vector.roundtrip.hash, "\(vector.name)")
            #expect(words(decoded.fault) == vector.roundtrip.validate, "\(vector.name)")
        }
    }

    @Test func signingGivesGosSignature() throws {
        for vector in try TransactionVectors.load().transactions {
            guard let hex = vector.signed_with else { continue }
            let original = try vector.transaction()
            guard PreparedTransaction(original).hasTrueID, original.signature?.count == 65 else { continue }
            var transaction = original
            transaction.sign(with: try PrivateKey(hex: Array(hex.utf8)))
            // Vectors that were changed after signing keep their old signature.
            if PreparedTransaction(original).fault == nil { #expect(transaction == original, "\(vector.name)") }
        }
    }

    @Test func strangeJSONDecodesAsInGo() throws {
        for vector in try TransactionVectors.load().json_decode {
            let raw = try #require(unhex(vector.raw_hex))
            if let json = vector.json {
                let decoded = try Transaction(decoding: raw)
                #expect(text(decoded.json) == json)
                #expect(decoded.from.bytes == unhex(vector.from_hex))
            } else {
                #expect(throws: DecodingError.self, "\(text(raw)): \(vector.error ?? "")") { try Transaction(decoding: raw) }
            }
        }
    }

    @Test func aValueMayHaveOneMebibyteAndNoMore() throws {
        let vectors = try TransactionVectors.load()
        let key = try PrivateKey(hex: Array(vectors.key.utf8))
        let base = try #require(vectors.transactions.first).transaction()
        for (vector, count) in zip(vectors.large, [1_048_577, 1_048_576]) {
            let operation = Operation(type: .set, key: "k", value: [UInt8](repeating: 1, count: count))
            let transaction = PreparedTransaction(
                Transaction(operations: [operation], timestamp: base.timestamp, nonce: 0, key: key))
            #expect(transaction.hash.hex == vector.hash, "\(vector.name)")
            #expect(transaction.size == vector.size, "\(vector.name)")
            #expect(words(transaction.fault) == vector.validate, "\(vector.name)")
        }
    }
}
