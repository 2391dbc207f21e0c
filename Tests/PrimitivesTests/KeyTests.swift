import Foundation
import Primitives
import Synchronization
import Testing

struct AddressTests {
    /// The test cases of EIP-55.
    static let checksummed = [
        "0x52908400098527886E0F7030069857D2E4169EE7", "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
        "0xde709f2102306220921060314715629080e2fb77", "0x27b1fdb04752bbc536007a920d24acb045561c26",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ]

    @Test(arguments: checksummed) func theChecksumIsThatOfEIP55(text: String) throws {
        let address = try #require(Address(ByteString(text)))
        #expect(address.checksummed.text == text)
        #expect(address.lowercased.text == text.lowercased())
        #expect(Address(ByteString("0x" + text.dropFirst(2).uppercased())) == address)
    }

    @Test func anAddressIsReadFromItsOwnBytesAndText() throws {
        var random = printedSeed(UInt64.random(in: 0...UInt64.max), for: "addresses")
        for _ in 0..<100 {
            let bytes = random.bytes(20)
            let address = try #require(Address(bytes))
            #expect(address.bytes == bytes)
            #expect(Address(address.lowercased) == address)
            #expect(address.lowercased.text == "0x" + Hex.string(bytes))
        }
        #expect(Address([UInt8](repeating: 0, count: 19)) == nil)
        #expect(Address(random.bytes(21)) == nil)
    }

    @Test func aSenderMatchesInAnyCaseAndNothingElseDoes() throws {
        let text = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
        let address = try #require(Address(ByteString(text)))
        for same in [text, text.lowercased(), text.uppercased()] { #expect(address.matches(ByteString(same))) }
        for other in ["", "0x", String(text.dropFirst(2)), text + "0", " " + text, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAee"] {
            #expect(!address.matches(ByteString(other)))
        }
    }

    @Test func addressesOrderAsTheirBytes() throws {
        var random = printedSeed(UInt64.random(in: 0...UInt64.max), for: "address order")
        for _ in 0..<200 {
            let left = random.bytes(20, of: [0, 1, 0xff])
            let right = random.bytes(20, of: [0, 1, 0xff])
            let inOrder = try #require(Address(left)) < #require(Address(right))
            #expect(inOrder == left.lexicographicallyPrecedes(right))
        }
    }
}

struct PrivateKeyTests {
    static let text = "df662158d398ebe93a21f07fb94d11a36e8c4939b57768cf8f9aa7159030cd8f"

    @Test func aKeyFileMayEndInALineEnd() throws {
        let key = try PrivateKey(hex: Array("\(PrivateKeyTests.text.uppercased())\r\n".utf8))
        #expect(Hex.string(key.secretBytes) == PrivateKeyTests.text)
    }

    @Test func textThatIsNoKeyIsRefusedWithItsReason() {
        let text = PrivateKeyTests.text
        #expect(throws: KeyError.wrongLength(bytes: 0)) { try PrivateKey(hex: []) }
        #expect(throws: KeyError.wrongLength(bytes: 31)) { try PrivateKey(hex: Array(text.dropLast().utf8)) }
        #expect(throws: KeyError.wrongLength(bytes: 33)) { try PrivateKey(hex: Array((text + "00").utf8)) }
        #expect(throws: KeyError.notHexadecimal) { try PrivateKey(hex: Array(("0x" + text).utf8)) }
        #expect(throws: KeyError.notHexadecimal) { try PrivateKey(hex: Array((text.dropLast() + "g").utf8)) }
    }

    @Test func aGeneratedKeyFollowsFromItsSeedAndSigns() throws {
        var (first, second) = (SplitMix64(seed: 7), SplitMix64(seed: 7))
        let key = PrivateKey.generate(using: &first)
        #expect(key.secretBytes == PrivateKey.generate(using: &second).secretBytes)
        #expect(key.secretBytes != PrivateKey.generate(using: &first).secretBytes)
        let hash = SHA256.hash([1, 2, 3])
        #expect(try key.sign(hash).recoverAddress(hash) == key.address)
    }

    @Test func noPrintedFormHoldsTheSecret() throws {
        let key = try PrivateKey(hex: Array(PrivateKeyTests.text.utf8))
        var dumped = ""
        dump(key, to: &dumped)
        for printed in [String(describing: key), String(reflecting: key), "\(key)", dumped] {
            #expect(!printed.lowercased().contains(PrivateKeyTests.text.prefix(8)))
            #expect(printed.contains(key.address.description))
        }
    }

    @Test func aPublicKeyIsReadBackAndMustBeOnTheCurve() throws {
        let key = try PrivateKey(hex: Array(PrivateKeyTests.text.utf8)).publicKey
        #expect(PublicKey(key.bytes) == key)
        #expect(PublicKey(Array(key.bytes.dropFirst())) == key)
        var off = key.bytes
        off[64] ^= 1
        #expect(PublicKey(off) == nil)
        #expect(PublicKey([3] + key.bytes.dropFirst()) == nil)
        #expect(PublicKey([]) == nil)
    }

    @Test func keysSignAndRecoverOnManyThreadsAtOnce() throws {
        let key = try PrivateKey(hex: Array(PrivateKeyTests.text.utf8))
        let wrong = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: 64) { index in
            let hash = SHA256.hash([UInt8(index)])
            let address = try? key.sign(hash).recoverAddress(hash)
            if address != key.address { wrong.add(1, ordering: .relaxed) }
        }
        #expect(wrong.load(ordering: .relaxed) == 0)
    }

    @Test func aSignatureIsItsSixtyFiveBytes() {
        let bytes = (0..<65).map { UInt8($0) }
        #expect(Signature(bytes)?.bytes == bytes)
        #expect(Signature(Array(bytes.dropLast())) == nil)
        #expect(Signature(bytes + [0]) == nil)
    }

    @Test func halfTheOrderIsTheHighestLowS() throws {
        let half = try #require(Hex.decode("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0".utf8))
        let r = [UInt8](repeating: 1, count: 32)
        #expect(try #require(Signature(r + half + [0])).isLowS)
        #expect(try #require(Signature(r + half.dropLast() + [0xa1, 0])).isLowS == false)
        #expect(try #require(Signature(r + [0x80] + half.dropFirst() + [0])).isLowS == false)
    }
}
