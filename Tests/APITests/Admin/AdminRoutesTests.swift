import NIOHTTP1
import Node
import Primitives
import TestKit
import Testing

@testable import API

/// The admin verbs as requests, without the socket that they come on.
@Suite struct AdminRoutesTests {
    private struct Answer: Equatable {
        var status: Int
        var text: String
    }

    private struct Admin {
        let routes: [Route]

        /// Status and body of an answer, the way the server makes it.
        func send(_ method: HTTPMethod, _ path: String, _ parameter: String? = nil, body: String = "") async throws -> Answer {
            let route = try #require(routes.first { $0.method == method && $0.path == path })
            var request = APIRequest(method: method)
            request.parameters = parameter.map { [ByteString($0)] } ?? []
            request.body = Array(body.utf8)
            do {
                let response = try await route.handler(request)
                return Answer(status: Int(response.status.code), text: String(decoding: response.body, as: UTF8.self))
            } catch let error as APIError {
                return Answer(status: Int(error.status.code), text: error.message)
            }
        }
    }

    @Test func peersAreAddedListedAndRemoved() async throws {
        try await withBareNodes { one in
            try await withBareNodes { two in
                let admin = Admin(routes: adminRoutes(node: one[0]))
                let place = "127.0.0.1:\(two[0].port)"
                let added = try await admin.send(.POST, "/admin/v1/peers", body: #"{"address":"\#(place)"}"#)
                #expect(added == Answer(status: 200, text: #"{"success":true,"data":{"address":"\#(place)","added":true}}"# + "\n"))
                try await eventually("they are connected") { await one[0].status()?.peers.count == 1 }
                let list = try await admin.send(.GET, "/admin/v1/peers").text
                #expect(list.contains(#""address":"\#(place)","direction":"outbound""#))
                let removed = try await admin.send(.DELETE, "/admin/v1/peers/{address}", place)
                #expect(
                    removed == Answer(status: 200, text: #"{"success":true,"data":{"address":"\#(place)","connections_closed":1}}"# + "\n"))
                let unknown = try await admin.send(.DELETE, "/admin/v1/peers/{address}", "9.9.9.9:1").status
                #expect(unknown == 404)
            }
        }
    }

    @Test func bansAreSetListedAndLifted() async throws {
        try await withBareNodes { nodes in
            let admin = Admin(routes: adminRoutes(node: nodes[0]))
            let set = try await admin.send(.POST, "/admin/v1/bans", body: #"{"address":"203.0.113.7","seconds":60}"#)
            #expect(set == Answer(status: 200, text: #"{"success":true,"data":{"address":"203.0.113.7","connections_closed":0}}"# + "\n"))
            let list = try await admin.send(.GET, "/admin/v1/bans").text
            #expect(list.contains(#""address":"203.0.113.7","until":"#) && list.contains(#""by":"operator""#))
            let lifted = try await admin.send(.DELETE, "/admin/v1/bans/{address}", "203.0.113.7").status
            #expect(lifted == 200)
            let again = try await admin.send(.DELETE, "/admin/v1/bans/{address}", "203.0.113.7").status
            #expect(again == 404)
            let empty = try await admin.send(.GET, "/admin/v1/bans").text
            #expect(empty == "{\"success\":true,\"data\":[]}\n")
        }
    }

    @Test func theStatusSaysWhatAnOperatorCanChange() async throws {
        try await withBareNodes { nodes in
            let admin = Admin(routes: adminRoutes(node: nodes[0]))
            let answer = try await admin.send(.GET, "/admin/v1/status")
            #expect(answer.status == 200)
            for member in [#""node_type":"full""#, #""height":0"#, #""ban_count":0"#, #""production_paused":false"#, #""log_level":null"#] {
                #expect(answer.text.contains(member), "\(member)")
            }
        }
    }

    @Test func refusalsHaveTheirStatus() async throws {
        try await withBareNodes { nodes in
            let admin = Admin(routes: adminRoutes(node: nodes[0]))
            let requests: [(HTTPMethod, String, String, Int)] = [
                (.POST, "/admin/v1/producer/pause", "", 409), (.POST, "/admin/v1/producer/resume", "", 409),
                (.PUT, "/admin/v1/log-level", #"{"level":"loud"}"#, 400), (.PUT, "/admin/v1/log-level", #"{"level":"debug"}"#, 409),
                (.POST, "/admin/v1/bans", #"{"address":"203.0.113.7","seconds":0}"#, 400),
                (.POST, "/admin/v1/peers", #"{"address":"nowhere"}"#, 400),
                (.POST, "/admin/v1/peers", #"{"address":"127.0.0.1:\#(nodes[0].port)"}"#, 409),
            ]
            for (method, path, body, status) in requests {
                let answer = try await admin.send(method, path, body: body)
                #expect(answer.status == status, "\(path) \(body): \(answer.text)")
            }
        }
    }

    @Test(arguments: [
        "", "[]", "{}", "null", #"{"address":7}"#, #"{"adress":"203.0.113.7"}"#, #"{"address":"203.0.113.7","secs":60}"#,
        #"{"address":"203.0.113.7"} x"#, #"{"address":"203.0.113.7"}{"seconds":1}"#, #"{"address":"203.0.113.7","address":"203.0.113.8"}"#,
        #"{"address":"203.0.113.7","seconds":60,"seconds":61}"#,
    ])
    func aBodyThatIsNoneGetsAnExample(_ body: String) async throws {
        try await withBareNodes { nodes in
            let answer = try await Admin(routes: adminRoutes(node: nodes[0])).send(.POST, "/admin/v1/bans", body: body)
            #expect(answer.status == 400 && answer.text.contains(#"{"address":"203.0.113.7","seconds":3600}"#))
        }
    }
}
