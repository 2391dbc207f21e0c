import Ledger
import NIOHTTP1
import Primitives
import Testing

@testable import API

/// The spellings of bytes in a submitted transaction.
@Suite struct TransactionSpellingTests {
    /// One in 4096 signatures, ids and values has a base64 that begins with `0x`.
    @Test func base64ThatBeginsLikeHexadecimalIsReadAsBase64() throws {
        let value: [UInt8] = [0xd3, 0x1f, 0xff, 0xfe]
        #expect(Base64.encode(value).starts(with: Array("0x".utf8)))
        let transaction = Transaction(
            operations: [Operation(type: .set, key: "k", value: value)], timestamp: 1, nonce: 1,
            key: try PrivateKey(bytes: [UInt8](repeating: 1, count: 32)))
        #expect(try TransactionForm.transaction(of: transaction.json) == transaction)
    }

    @Test func hexadecimalAndNumbersAreReadToo() throws {
        let transaction = Transaction(
            operations: [Operation(type: .set, key: "k", value: [1, 255])], timestamp: 1, nonce: 1,
            key: try PrivateKey(bytes: [UInt8](repeating: 1, count: 32)))
        let numbers = "[" + (transaction.signature ?? []).map { "\($0)" }.joined(separator: ",") + "]"
        let body = """
            {"id":"\(transaction.hash.prefixedHex)","from":"\(transaction.from.text)","timestamp":1,"nonce":1,
            "data":{"operations":[{"type":"SET","key":"k","value":"0x01ff"}]},"signature":\(numbers)}
            """
        #expect(try TransactionForm.transaction(of: Array(body.utf8)).json == transaction.json)
    }

    /// As the Go node reads both: the envelope counts, and what stands beside it is not even looked at.
    @Test(arguments: [
        #"{"nonce":"x","transaction":{"from":"a","nonce":7},"timestamp":{}}"#, #"{"transaction":{"from":"a","nonce":7},"nonce":[1]}"#,
        #"{"from":"b","nonce":1,"Transaction":{"from":"a","nonce":7}}"#, #"{"from":"a","nonce":7,"other":[{}]}"#,
    ])
    func anEnvelopeCountsWhateverStandsBesideIt(body: String) throws {
        let transaction = try TransactionForm.transaction(of: Array(body.utf8))
        #expect(transaction.from == "a" && transaction.nonce == 7)
    }

    @Test(arguments: [
        #"{"nonce":"x","from":"a"}"#, #"{"from":"a","nonce":{}}"#, #"{"from":"a","nonce":1,"other":}"#, #"{"nonce":"x","other":[1,]}"#,
        #"{"transaction":{"nonce":"x"}}"#,
    ])
    func aFieldOfAWrongTypeIsRefused(body: String) {
        let error = #expect(throws: APIError.self) { try TransactionForm.transaction(of: Array(body.utf8)) }
        #expect(error?.status == .badRequest && error?.message == "invalid request body")
    }
}
