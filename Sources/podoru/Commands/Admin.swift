internal import ArgumentParser
internal import Logging
internal import NodeClient
internal import PodoruConfiguration
internal import Terminal

/// `podoru admin`: what an operator asks of a running node, on its admin socket.
struct Admin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Change a running node: peers, bans, log level, producing.",
        discussion: """
            Speaks with the node on its admin socket, the file that `api_admin_socket` names; who may use that file may do all of \
            this. Nothing of it outlives the node's process: what is to last belongs into the configuration.

            Exit codes: 0 done, 64 the words make no sense, 65 the node refuses, 69 no node answers, 77 the socket is not for this user.
            """,
        subcommands: [
            AdminStatus.self, AdminPeers.self, AdminBan.self, AdminUnban.self, AdminBans.self, AdminLogLevel.self, AdminPause.self,
            AdminResume.self,
        ])
}

struct AdminStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "status", abstract: "Show what can be changed, as it is now.")
    @OptionGroup var node: AdminOptions

    func run() async throws {
        let status = try await node.client().call(.get, ["status"])
        let level = status["log_level"].shortText ?? "fixed"
        let rows: [(String, String)] = [
            (
                "node",
                "\(status["address"].shortText ?? "?") (\(status["node_type"].shortText ?? "?"), podoru \(status["version"].shortText ?? "?"))"
            ),
            ("height", "\(status["height"].uint ?? 0)\(status["is_syncing"].bool == true ? ", syncing" : "")"),
            ("peers", "\(status["peer_count"].uint ?? 0)"), ("banned addresses", "\(status["ban_count"].uint ?? 0)"),
            ("production", AdminStatus.production(status)), ("log level", level),
        ]
        for (name, value) in rows {
            try StandardOutput.say(name + String(repeating: " ", count: 18 - name.count) + value)
        }
    }

    private static func production(_ status: JSONValue) -> String {
        guard status["node_type"].text == "producer" else { return "none: a full node" }
        return status["production_paused"].bool == true ? "paused" : "on"
    }
}

// MARK: - Peers

struct AdminPeers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "peers", abstract: "List, add and remove peers.", subcommands: [List.self, Add.self, Remove.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the peers: address, direction, height, identity.")
        @OptionGroup var node: AdminOptions

        func run() async throws {
            for peer in try await node.client().call(.get, ["peers"]).array ?? [] {
                let words = [
                    peer["address"].shortText ?? "?", peer["direction"].shortText ?? "?", "\(peer["height"].uint ?? 0)",
                    peer["id"].shortText ?? "?",
                ]
                try StandardOutput.say(words.map { StatusText.printable($0) }.joined(separator: "\t"))
            }
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Dial a peer now, and again whenever it is not connected, until it is removed or the node ends.")
        @OptionGroup var node: AdminOptions
        @Argument(help: "Where it listens, as host:port or [address]:port.")
        var address: String

        func run() async throws {
            let answer = try await node.client().call(.post, ["peers"], [("address", .string(address))])
            try StandardOutput.say(
                answer["added"].bool == true ? "added \(address)" : "\(address) is in the list already; it is dialled at once")
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Disconnect a peer and do not dial it again.",
            discussion: "It may come back by itself; `podoru admin ban` keeps an address out.")
        @OptionGroup var node: AdminOptions
        @Argument(help: "host:port, or the 0x address of its identity key, as `podoru admin peers list` shows them.")
        var peer: String

        func run() async throws {
            let answer = try await node.client().call(.delete, ["peers", peer])
            try StandardOutput.say("removed \(peer); \(connections(answer))")
        }
    }
}

// MARK: - Bans

struct AdminBan: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ban", abstract: "Disconnect an address and keep it out for a while.",
        discussion: "An IPv6 address stands for its /64. Loopback and configured peers are kept out too.")
    @OptionGroup var node: AdminOptions
    @Argument(help: "An IP address, without a port.")
    var address: String
    @Option(name: .customLong("for"), help: "How long, such as 90s, 30m or 24h; at most a year.")
    var duration = "24h"

    func validate() throws {
        guard PlainDuration.seconds(duration) ?? 0 > 0 else { throw ValidationError("--for must be a time such as 90s, 30m or 24h") }
    }

    func run() async throws {
        let seconds = PlainDuration.seconds(duration) ?? 0
        let answer = try await node.client().call(
            .post, ["bans"], [("address", .string(address)), ("seconds", .number("\(seconds)"))])
        try StandardOutput.say("banned \(address) for \(duration); \(connections(answer))")
    }
}

struct AdminUnban: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unban", abstract: "Lift the bans of an address, the one for faults too.")
    @OptionGroup var node: AdminOptions
    @Argument(help: "An IP address, without a port.")
    var address: String

    func run() async throws {
        _ = try await node.client().call(.delete, ["bans", address])
        try StandardOutput.say("lifted the ban of \(address)")
    }
}

struct AdminBans: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bans", abstract: "List banned addresses: address, end as unix time, and whether the operator or faults did it.")
    @OptionGroup var node: AdminOptions

    func run() async throws {
        for ban in try await node.client().call(.get, ["bans"]).array ?? [] {
            try StandardOutput.say("\(ban["address"].shortText ?? "?")\t\(ban["until"].int ?? 0)\t\(ban["by"].shortText ?? "?")")
        }
    }
}

// MARK: - The rest

struct AdminLogLevel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log-level", abstract: "Change the log level until the configuration is read again (SIGHUP) or the node ends.")
    @OptionGroup var node: AdminOptions
    @Argument(
        help: "trace, debug, info, notice, warning, error or critical.", completion: .list(Logger.Level.allCases.map(\.rawValue)))
    var level: String

    func run() async throws {
        let answer = try await node.client().call(.put, ["log-level"], [("level", .string(level))])
        try StandardOutput.say("the log level is \(answer["log_level"].shortText ?? level)")
    }
}

struct AdminPause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Make no more blocks after the one under way.",
        discussion: "Other authorities take over after their time. The node follows the chain as before.")
    @OptionGroup var node: AdminOptions

    func run() async throws {
        _ = try await node.client().call(.post, ["producer", "pause"])
        try StandardOutput.say("production is paused; `podoru admin resume` ends that")
    }
}

struct AdminResume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "resume", abstract: "Make blocks again.")
    @OptionGroup var node: AdminOptions

    func run() async throws {
        _ = try await node.client().call(.post, ["producer", "resume"])
        try StandardOutput.say("production is on")
    }
}

private func connections(_ answer: JSONValue) -> String {
    let count = answer["connections_closed"].uint ?? 0
    return count == 1 ? "1 connection closed" : "\(count) connections closed"
}
