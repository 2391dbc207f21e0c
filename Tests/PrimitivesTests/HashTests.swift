import CHash
import Primitives
import Testing

struct SHA256Tests {
    /// FIPS 180-4's examples (NIST, "SHA256.pdf" and "Cryptographic Standards and Guidelines"), and a million a's.
    static let published: [(message: [UInt8], digest: String)] = [
        ([], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (Array("abc".utf8), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            Array(
                ("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                    + "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu").utf8),
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
        ),
        ([UInt8](repeating: 0x61, count: 1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
        ([0xbd], "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b"),
        ([0xc9, 0x8c, 0x8e, 0x55], "7abc22c0ae5af26ce93dbb94433a0e0b2e119d014f8e7f65bd56c61ccccd9504"),
        ([UInt8](repeating: 0, count: 64), "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b"),
    ]

    /// The portable code, which a processor with SHA instructions would otherwise never run.
    static func portable(_ first: [UInt8], _ second: [UInt8] = []) -> Hash32 {
        var result = Hash32()
        result.withUnsafeMutableBytes {
            chash_sha256_portable(first, first.count, second, second.count, $0.baseAddress)
        }
        return result
    }

    @Test func publishedMessagesGiveTheirPublishedDigests() {
        for (message, digest) in SHA256Tests.published {
            #expect(SHA256.hash(message).hex == digest)
        }
    }

    @Test func thePortableCodeGivesThePublishedDigestsToo() {
        for (message, digest) in SHA256Tests.published {
            #expect(SHA256Tests.portable(message).hex == digest)
        }
    }

    @Test func bothImplementationsAgreeOnEveryLengthAndSplit() {
        var random = printedSeed(UInt64.random(in: 0...UInt64.max), for: "SHA-256 lengths")
        for length in 0...200 {
            let message = random.bytes(length)
            let whole = SHA256Tests.portable(message)
            let split = Int(random.next() % UInt64(length + 1))
            let (first, second) = (Array(message[..<split]), Array(message[split...]))
            #expect(SHA256.hash(message) == whole)
            #expect(SHA256.hash(first, second) == whole)
            #expect(SHA256Tests.portable(first, second) == whole)
        }
    }

    @Test func aMerkleNodeIsTheHashOfBothHashesJoined() throws {
        var random = printedSeed(UInt64.random(in: 0...UInt64.max), for: "merkle nodes")
        for _ in 0..<100 {
            let bytes = random.bytes(64)
            let left = try #require(Hash32(Array(bytes[..<32])))
            let right = try #require(Hash32(Array(bytes[32...])))
            #expect(SHA256.hash(left, right) == SHA256Tests.portable(bytes))
        }
    }
}

struct Keccak256Tests {
    /// The Keccak team's values for the empty message and `cc`; the lengths around the rate of 136 bytes were made
    /// by an implementation written from the specification's formulas.
    static let published: [(message: [UInt8], digest: String)] = [
        ([], "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        ([0xcc], "eead6dbfc7340a56caedc044696a168870549a6a7f6f56961e84a54bd9970b8a"),
        (Array("abc".utf8), "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
        (Array("testing".utf8), "5f16f4c7f149ac4f9510d9cf8cf384038ad348b3bcdc01915f95de12df9d1b02"),
        ([UInt8](repeating: 0x61, count: 135), "34367dc248bbd832f4e3e69dfaac2f92638bd0bbd18f2912ba4ef454919cf446"),
        ([UInt8](repeating: 0x61, count: 136), "a6c4d403279fe3e0af03729caada8374b5ca54d8065329a3ebcaeb4b60aa386e"),
        ([UInt8](repeating: 0x61, count: 137), "d869f639c7046b4929fc92a4d988a8b22c55fbadb802c0c66ebcd484f1915f39"),
        ([UInt8](repeating: 0x61, count: 272), "cf7fcd4f705ee749930d19ca84561a9bf62516bd90a471545fa2f49fdc7e63c8"),
        ([UInt8](repeating: 0x61, count: 1000), "b6a4ac1f51884d71f30fa397a5e155de3099e11fc0edef5d08b646e621e19de9"),
    ]

    @Test func publishedMessagesGiveTheirPublishedDigests() {
        for (message, digest) in Keccak256Tests.published {
            #expect(Keccak256.hash(message).hex == digest)
        }
    }
}
