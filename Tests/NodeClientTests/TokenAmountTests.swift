import Ledger
import Primitives
import Testing

@testable import NodeClient
@testable import Terminal

@Suite struct TokenAmountTests {
    @Test(arguments: [
        ("1", 18, "1000000000000000000"), ("1.5", 18, "1500000000000000000"), (".5", 2, "50"), ("5.", 2, "500"), ("0.01", 2, "1"),
        ("007", 0, "7"), ("15wei", 18, "15"), ("15wei", 0, "15"), ("0.000000000000000001", 18, "1"),
        ("33333333.333333333333333334", 18, "33333333333333333333333334"),
    ]) func amountsAreReadExactly(text: String, decimals: Int, wei: String) throws {
        #expect(try TokenAmount.parse(text, decimals: decimals).description == wei)
    }

    @Test(arguments: [
        "", ".", "wei", "-1", "+1", "1e3", "1,5", "1.2.3", "0x10", " 1", "1 ", "1.5wei", "one", "\u{0661}", "0", "0.0", "0wei", "1.234",
        "115792089237316195423570985008687907853269984665640564039457584007913129639936wei",
    ]) func whatIsNoAmountIsRefused(text: String) {
        #expect(throws: TokenAmount.Fault.self) { try TokenAmount.parse(text, decimals: 2) }
    }

    @Test(arguments: [
        ("1500000000000000000", 18, "1.5"), ("4120", 18, "0.00000000000000412"), ("100", 2, "1"), ("1", 2, "0.01"), ("7", 0, "7"),
        ("0", 18, "0"),
    ]) func amountsAreWrittenExactly(wei: String, decimals: Int, text: String) throws {
        #expect(TokenAmount.text(try #require(Amount(decimal: ByteString(wei))), decimals: decimals) == text)
    }

    @Test func aTypingErrorInAnAddressIsSeen() throws {
        let address = "0xFC265D13Dd3C8A6Fa72EF93bED3830c3551cC2ee"
        #expect(try TypedAddress.parse(address).checksummed.text == address)
        #expect(try TypedAddress.parse(address.lowercased()).checksummed.text == address)
        #expect(throws: CommandFailure.self) { try TypedAddress.parse(address.replacing("FC", with: "fC")) }
        #expect(throws: CommandFailure.self) { try TypedAddress.parse(String(address.dropLast())) }
    }
}
