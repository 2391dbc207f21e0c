import Foundation
import Primitives
import TestKit
import Testing

/// `crypto.json`: what the published Go node made of keys, signatures and addresses.
private struct CryptoVectors: Decodable {
    struct Key: Decodable {
        let address: String
        let privateKey: String
        let publicKey: String
        let signatures: [Signed]
    }
    struct Signed: Decodable {
        let hash: String
        let signature: String
        let recoveredAddress: String
        let recoveredPubkey: String
    }
    struct Recovery: Decodable {
        let name: String
        let hash: String
        let signature: String
        let address: String?
        let publicKey: String?
        let error: String?
        let verifyAgainstKey0: Bool
    }
    struct BadKey: Decodable {
        let name: String
        let privateKey: String
    }
    struct Text: Decodable {
        let `in`: String
        let normalized: String
        let balanceKey: String
        let valid: Bool
    }
    let keys: [Key]
    let recover: [Recovery]
    let badPrivateKeys: [BadKey]
    let addresses: [Text]

    static func load() throws -> CryptoVectors {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(CryptoVectors.self, from: Vectors.data("crypto.json"))
    }
}

struct CryptoVectorTests {
    @Test func everyKeyGivesTheReferencesPublicKeyAndAddress() throws {
        let keys = try CryptoVectors.load().keys
        #expect(keys.count == 20)
        for vector in keys {
            let key = try PrivateKey(hex: Array(vector.privateKey.utf8))
            #expect(Hex.string(key.publicKey.bytes) == vector.publicKey)
            #expect(key.address.checksummed.text == vector.address)
            #expect(key.publicKey.address == key.address)
        }
    }

    @Test func signingGivesTheReferencesBytesWithALowS() throws {
        for vector in try CryptoVectors.load().keys {
            let key = try PrivateKey(hex: Array(vector.privateKey.utf8))
            #expect(vector.signatures.count == 3)
            for signed in vector.signatures {
                let hash = try #require(Hash32(hex: signed.hash))
                let signature = key.sign(hash)
                #expect(Hex.string(signature.bytes) == signed.signature)
                #expect(signature.isLowS)
                #expect(Hex.string(try signature.recover(hash).bytes) == signed.recoveredPubkey)
                #expect(try signature.recoverAddress(hash).checksummed.text == signed.recoveredAddress)
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
                #expect(Hex.string(key.bytes) == vector.publicKey, comment)
                #expect(key.address.checksummed.text == vector.address, comment)
                #expect(key.address.matches(ByteString(key0)) == vector.verifyAgainstKey0, comment)
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
        let keys = try CryptoVectors.load().badPrivateKeys
        #expect(keys.count == 7)
        for vector in keys {
            let bytes = try #require(Hex.decode(vector.privateKey.utf8))
            let expected: KeyError = bytes.count == 32 ? .outOfRange : .wrongLength(bytes: bytes.count)
            #expect(throws: expected, Comment(rawValue: vector.name)) { try PrivateKey(bytes: bytes) }
        }
    }

    @Test func addressTextsAreValidWhereTheReferenceSaysSo() throws {
        let texts = try CryptoVectors.load().addresses
        #expect(texts.count == 16)
        for vector in texts {
            let address = Address(ByteString(vector.in))
            #expect((address != nil) == vector.valid, Comment(rawValue: vector.in))
            if let address {
                #expect(address.lowercased.text == vector.normalized)
                #expect("balance:" + address.lowercased.text == vector.balanceKey)
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
