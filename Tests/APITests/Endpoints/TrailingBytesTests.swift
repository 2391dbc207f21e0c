import Testing

@testable import API

/// What stands behind the JSON of a body is not lost without a word.
@Suite struct TrailingBytesTests {
    private static let bodies: [(path: String, body: String)] = [
        ("/api/v1/state/batch", #"{"keys":["chain:name"]}"#), ("/api/v1/state/query/prefix", #"{"prefix":"chain:"}"#),
        ("/api/v1/gas/estimate", #"{"transaction_size":250}"#),
    ]

    @Test func junkBehindABodyIsRefused() async throws {
        try await withAPINode(chain: true) { api in
            for (path, body) in Self.bodies {
                let spaced = try await api.post(path, json: body + " \r\n\t")
                #expect(spaced.status == 200, "\(path)")
                for junk in ["x", " {}", body, "]", "\u{0}", ",", "\u{FEFF}", "null"] {
                    let answer = try await api.post(path, json: body + junk)
                    #expect(answer.status == 400, "\(path) \(junk)")
                    #expect(answer.text.contains("invalid request body"), "\(path) \(junk)")
                }
            }
            let transaction = #"{"transaction":{"from":"0x","nonce":1}}"#
            let refused = try await api.post("/api/v1/transaction", json: transaction + " {}")
            #expect(refused.status == 400 && refused.text.contains("invalid request body"))
        }
    }
}
