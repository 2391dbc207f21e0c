import Foundation
import NIOHTTP1
import PodoruConfiguration
import TestKit
import Testing

@testable import API

/// The header `Date` (RFC 9110, 6.6.1).
@Suite struct DateTests {
    @Test(
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"),
            (1_078_012_800, "Sun, 29 Feb 2004 00:00:00 GMT"), (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
            (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"), (1_735_689_599, "Tue, 31 Dec 2024 23:59:59 GMT"),
            (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"), (Int64.max, "Fri, 31 Dec 9999 23:59:59 GMT"),
            (Int64.min, "Thu, 01 Jan 1970 00:00:00 GMT"),
        ] as [(Int64, String)])
    func aTimeIsWrittenAsHTTPWritesIt(_ seconds: Int64, _ text: String) {
        #expect(HTTPDate.text(unixSeconds: seconds) == text)
    }

    @Test func eachDayOfThreeHundredYearsIsThatOfFoundation() {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        for day in stride(from: Int64(0), to: 110_000, by: 7) {
            let seconds = day * 86_400 + day % 86_400
            let expected = formatter.string(from: Date(timeIntervalSince1970: Double(seconds)))
            guard HTTPDate.text(unixSeconds: seconds) != expected else { continue }
            Issue.record("\(seconds): \(HTTPDate.text(unixSeconds: seconds)), not \(expected)")
            return
        }
    }

    @Test func everyAnswerHasTheTimeOfItsMaking() async throws {
        let admin = TemporaryDirectory()
        let configure: (inout NodeConfiguration) -> Void = { $0.apiAdminSocket = admin.file("admin") }
        try await withAPINode(configure: configure) { api in
            let begin = Int64(Date().timeIntervalSince1970) - 1
            var answers = [try await api.get("/api/v1/chain/info"), try await api.get("/nowhere"), try await api.send("OPTIONS", "/")]
            let client = try await RawClient.connect(unix: admin.file("admin"))
            defer { client.close() }
            answers.append(try await client.send("GET", "/nowhere"))
            let range = begin...(Int64(Date().timeIntervalSince1970) + 1)
            let possible = Set(range.map { HTTPDate.text(unixSeconds: $0) })
            for answer in answers {
                #expect(answer.headers.filter { $0.name == "Date" }.count == 1)
                #expect(possible.contains(answer["Date"] ?? ""), "\(answer.headers)")
            }
        }
    }

    @Test func theLineIsMadeAnewWhenItsSecondHasPassed() async throws {
        var line = DateLine()
        let first = line.current()
        #expect(first.hasPrefix("Date: ") && first.hasSuffix(" GMT\r\n"))
        try await eventually("another second", within: .seconds(5)) { line.current() != first }
    }
}
