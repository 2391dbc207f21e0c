import Foundation
import Primitives
import TestSupport
import Testing

/// `crypto.json`: what the published Go node made of keys, signatures and addresses.
private struct CryptoVectors: Decodable {
    struct Key: Decodable {
        struct Signed: Decodable { let hash, recovered_address, recovered_pubkey, signature: String }
        let address, private_key, public_key: String
        let signatures: [Signed]
    }
    struct Recovery: Decodable {
        let name, hash, signature: String
        let address, public_key, error: String?
        let verify_against_key0: Bool
    }
    struct BadKey: Decodable { let name, outcome, private_key: String }
    struct Text: Decodable {
        let input, normalized, balance_key: String
        let valid: Bool
        enum CodingKeys: String, CodingKey { case input = "in", normalized, balance_key, valid }
    }
    let keys: [Key]
    let recover: [Recovery]
    let bad_private_keys: [BadKey]
    let addresses: [Text]

    static func load() throws -> CryptoVectors { try Vectors.decode(CryptoVectors.self, from: "crypto.json") }
}

struct CryptoVectorTests {
    @Test func everyKeyGivesTheReferencesPublicKeyAndAddress() throws {
        let keys = try CryptoVectors.load().keys
        #expect(keys.count == 20)
        for vector in keys {
            let key = try PrivateKey(hex: Array(vector.private_key.utf8))
            #expect(Hex.string(key.publicKey.bytes) == vector.public_key)
            #expect(key.address.checksummed.text == vector.address)
            #expect(key.publicKey.address == key.address)
        }
    }

    @Test func signingGivesTheReferencesBytesWithALowS() throws {
        for vector in try CryptoVectors.load().keys {
            let key = try PrivateKey(hex: Array(vector.private_key.utf8))
            #expect(vector.signatures.count == 3)
            for signed in vector.signatures {
                let hash = try #require(Hash32(hex: signed.hash))
                let signature = key.sign(hash)
                #expect(Hex.string(signature.bytes) == signed.signature)
                #expect(signature.isLowS)
                #expect(Hex.string(try signature.recover(hash).bytes) == signed.recovered_pubkey)
                #expect(try signature.recoverAddress(hash).checksummed.text == signed.recovered_address)
            }
        }
    }

    @Test func everyRecoveryEndsAsTheReferences() throws {
        let vectors = try CryptoVectors.load()
        let key0 = try #require(vectors.recover.first { $0.name == "good" }?.address)
        #expect(vectors.recover.count == 32)
        for vector in vectors.recover {
            let comment = Comment(rawValue: vector.name)
            let bytes = try #require(Hex.decode(vector.signature.utf8))
            guard let hash = Hash32(hex: vector.hash) else {
                #expect(vector.error == "hash must be 32 bytes", comment)
                continue
            }
            guard let signature = Signature(bytes) else {
                #expect(vector.error == "signature must be 65 bytes", comment)
                continue
            }
            let recovered = Result { try signature.recover(hash) }
            switch recovered {
            case .success(let key):
                #expect(Hex.string(key.bytes) == vector.public_key, comment)
                #expect(key.address.checksummed.text == vector.address, comment)
                #expect(key.address.matches(ByteString(key0)) == vector.verify_against_key0, comment)
            case .failure(let error):
                let expected: SignatureError =
                    vector.error == "failed to recover public key: invalid signature recovery id"
                    ? .badRecoveryID(bytes[64]) : .recoveryFailed
                #expect(error as? SignatureError == expected, comment)
                #expect(vector.error != nil, comment)
            }
        }
    }

    @Test func everyBadPrivateKeyIsRefusedForTheReferencesReason() throws {
        let keys = try CryptoVectors.load().bad_private_keys
        #expect(keys.count == 7)
        for vector in keys {
            let bytes = try #require(Hex.decode(vector.private_key.utf8))
            let expected: KeyError = bytes.count == 32 ? .outOfRange : .wrongLength(bytes: bytes.count)
            #expect(throws: expected, Comment(rawValue: vector.name)) { try PrivateKey(bytes: bytes) }
        }
    }

    @Test func addressTextsAreValidWhereTheReferenceSaysSo() throws {
        let texts = try CryptoVectors.load().addresses
        #expect(texts.count == 16)
        for vector in texts {
            let address = Address(ByteString(vector.input))
            #expect((address != nil) == vector.valid, Comment(rawValue: vector.input))
            if let address {
                #expect(address.lowercased.text == vector.normalized)
                #expect("balance:" + address.lowercased.text == vector.balance_key)
            }
        }
    }

    @Test func aHighSIsSeenAndStillRecovers() throws {
        let vectors = try CryptoVectors.load().recover
        for (name, isLow) in [("good", true), ("high-s (n-s, v^1)", false), ("high-s same v", false)] {
            let vector = try #require(vectors.first { $0.name == name })
            let signature = try #require(Signature(Hex.decode(vector.signature.utf8) ?? []))
            #expect(signature.isLowS == isLow)
        }
    }
}
