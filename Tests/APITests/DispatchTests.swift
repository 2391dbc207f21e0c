import HTTPTypes
import Primitives
import Testing

@testable import API

/// Requests find their endpoints, over real HTTP.
@Suite struct DispatchTests {
    static let echo = Route(.get, "/echo/{first}/x/{second}") { request in
        APIResponse(
            contentType: "text/plain", body: Array("\(request.parameters.map(\.text).joined(separator: "|"))?\(request.query)".utf8))
    }

    @Test func anAnswerIsTheHandlers() async throws {
        try await withAPINode { api in
            let answer = try await api.get("/api/v1/token/info")
            #expect(answer.status == 200)
            #expect(answer["Content-Type"] == "application/json")
            let name = try answer.data["name"] as? String
            #expect(name == "Podoru")
        }
    }

    @Test func segmentsAreDecodedAfterTheyAreSplit() async throws {
        try await withAPINode(routes: [Self.echo]) { api in
            let answer = try await api.get("/echo/a%2Fb/x/%C3%A9?q=%20")
            #expect(answer.text == "a/b|é?q=%20")
        }
    }
}
