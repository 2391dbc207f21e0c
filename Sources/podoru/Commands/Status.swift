internal import ArgumentParser
internal import Dispatch
internal import NodeClient
internal import Operator
internal import Platform
internal import PodoruConfiguration
internal import Primitives
internal import Terminal

/// `podoru status`: one screen about a running node.
struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show a running node: height, sync, blocks, peers, mempool, warnings.",
        discussion: """
            Asks the node's HTTP API. Warnings say in plain words what an operator should look at. Colours and the width of \
            the terminal are used on a terminal only; NO_COLOR turns colours off.

            Exit codes: 0 with whatever the node says, 64 for a wrong address, 65 when something else answers, 69 when no node \
            does. With --watch a node that is gone is waited for, and Ctrl-C ends with 0.
            """)

    @OptionGroup var node: NodeOptions
    @Flag(name: .shortAndLong, help: "Draw again and again until Ctrl-C.")
    var watch = false
    @Option(help: "The time between two drawings, such as 1s or 500ms.")
    var interval = "1s"
    @Flag(help: "One line of JSON instead; with --watch, one a time.")
    var json = false

    /// A node takes some milliseconds for all the answers; faster than this nobody can read.
    private static let shortestInterval: Int64 = 100
    /// Between the two looks that the speed of a sync is told from.
    private static let secondLookMilliseconds: Int64 = 1000

    mutating func validate() throws {
        guard let time = PlainDuration.milliseconds(interval), (Status.shortestInterval...3_600_000).contains(time) else {
            throw ValidationError("--interval must be from 100ms to 1h, such as 1s")
        }
    }

    mutating func run() async throws {
        var collector = StatusCollector(try node.address())
        if watch { return try await keepWatching(&collector) }
        var snapshot = try await collector.gather()
        if snapshot.state == .syncing {
            try await Task.sleep(for: .milliseconds(Status.secondLookMilliseconds))
            snapshot = try await collector.gather()
        }
        try StandardOutput.put(text(of: snapshot))
    }

    // MARK: Once

    private func text(of snapshot: StatusSnapshot) -> [UInt8] {
        let warnings = StatusWarning.all(snapshot)
        if json { return snapshot.json(warnings: warnings) }
        let place = OutputPlace.standardOutput
        return Array(lines(snapshot, warnings, on: place).map { $0 + "\n" }.joined().utf8)
    }

    private func lines(_ snapshot: StatusSnapshot, _ warnings: [StatusWarning], on place: OutputPlace, note: StyledLine? = nil) -> [String]
    {
        let lines = (note.map { [$0, StyledLine()] } ?? [])
        // The prompt wants a line too.
        let layout = StatusLayout(width: place.width, height: place.height.map { $0 - 1 - lines.count })
        return (lines + layout.lines(snapshot, warnings: warnings)).map { $0.text(width: place.width, hasColours: place.hasColours) }
    }

    // MARK: Again and again

    private func keepWatching(_ collector: inout StatusCollector) async throws {
        let screen = WatchScreen()
        let signals = [Signal.interrupt, .terminate].map { StopSignal($0) { screen.endProcess() } }
        defer { for signal in signals { signal.cancel() } }
        let interval = PlainDuration.milliseconds(interval) ?? 1000
        var last: StatusSnapshot?
        var lostSince: Int64?
        while true {
            let began = SystemClock.uptimeMilliseconds
            var loss: Loss?
            do throws(APIFailure) {
                last = try await collector.gather()
                lostSince = nil
            } catch {
                let since = lostSince ?? began
                lostSince = since
                loss = Loss(
                    failure: error, address: collector.client.address.description, seconds: (SystemClock.uptimeMilliseconds - since) / 1000)
            }
            try show(last, loss, screen)
            let rest = interval - (SystemClock.uptimeMilliseconds - began)
            if rest > 0 { try await Task.sleep(for: .milliseconds(rest)) }
        }
    }

    /// A node that does not answer now.
    private struct Loss {
        var failure: APIFailure
        var address: String
        var seconds: Int64

        var text: String { "no answer\(seconds > 0 ? " for \(StatusText.duration(seconds))" : ""), trying again: \(failure.description)" }

        var json: [UInt8] {
            return JSONWriter.object { json in
                json.member("api", address)
                json.member("time", SystemClock.unixSeconds)
                json.member("state", "unreachable")
                json.member("error", failure.description)
            } + [UInt8(ascii: "\n")]
        }
    }

    private func show(_ snapshot: StatusSnapshot?, _ loss: Loss?, _ screen: WatchScreen) throws {
        let place = OutputPlace.standardOutput
        if json {
            try StandardOutput.put(loss?.json ?? snapshot.map { $0.json(warnings: StatusWarning.all($0)) } ?? [])
        } else if !place.isTerminal {
            let text = loss.map { Array($0.text.utf8) + [UInt8(ascii: "\n")] } ?? snapshot.map { self.text(of: $0) } ?? []
            try StandardOutput.put(text + [UInt8(ascii: "\n")])
        } else {
            screen.draw(picture(snapshot, loss, place))
        }
    }

    private func picture(_ snapshot: StatusSnapshot?, _ loss: Loss?, _ place: OutputPlace) -> [String] {
        let notes = loss.map { StyledLine.wrapped($0.text, first: "", style: .bad, width: place.width) } ?? []
        let head = notes.map { $0.text(width: place.width, hasColours: place.hasColours) }
        let room = OutputPlace(
            isTerminal: true, width: place.width, height: place.height.map { $0 - head.count }, hasColours: place.hasColours && loss == nil)
        let body = snapshot.map { lines($0, loss == nil ? StatusWarning.all($0) : [], on: room) } ?? []
        return Array((head + body).prefix(max(1, place.height ?? 24)))
    }
}
