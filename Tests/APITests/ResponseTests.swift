import NIOHTTP1
import Testing

@testable import API

@Suite struct ResponseTests {
    @Test func anErrorIsJSONWithItsMessageEscaped() {
        let response = APIError(.badRequest, "no \"such\" key").response
        #expect(response.status == .badRequest)
        #expect(String(decoding: response.body, as: UTF8.self) == #"{"success":false,"error":"no \"such\" key"}"# + "\n")
    }
}
