internal import Ledger
internal import Node
internal import Primitives
internal import Storage

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// One run of a devnet: starts the processes, follows their reports, ends them and judges.
final class DevnetRun {
    /// How long all nodes may take to listen.
    private static let startPatience: Int64 = 30
    /// How long the nodes may take to agree once nobody makes blocks any more.
    private static let agreementPatience: Int64 = 20
    /// How long a node may take to end after SIGTERM.
    private static let endPatience: Int64 = 15
    /// Milliseconds between two looks at the reports.
    private static let pollMilliseconds: Int32 = 100

    private let plan: DevnetPlan
    private let duration: Int64?
    private var board: DevnetBoard
    private var children: [ChildProcess?]
    private let screen = DevnetScreen()
    private let began = SystemTime.seconds

    init(plan: DevnetPlan, duration: Int64?) throws {
        self.plan = plan
        self.duration = duration
        board = DevnetBoard(nodes: plan.nodes.map { (name: $0.name, port: $0.port, api: $0.api) })
        children = plan.nodes.map { _ in nil }
    }

    private var elapsed: Int64 { SystemTime.seconds - began }

    /// Runs to the end. Returns whether all nodes ended on one chain.
    func run() -> Bool {
        Interrupt.install()
        let first = plan.nodes.indices.dropLast()
        guard startAll(first) else { return end(succeeded: false) }
        let traffic = try? DevnetTraffic(plan: plan)
        traffic?.start(ports: first.map { plan.nodes[$0].port })
        defer { traffic?.stop() }

        // The late joiner finds a chain that is worth a sync, and time to follow it.
        let joinTime = duration.map { max(4, $0 * 2 / 5) } ?? 20
        var hasJoined = false
        while !Interrupt.isSet, duration.map({ elapsed < $0 }) ?? true {
            if !hasJoined, elapsed >= joinTime {
                hasJoined = true
                start(plan.nodes.count - 1)
            }
            follow(note: hasJoined ? "running" : "the late node joins after \(joinTime) s")
            if children.contains(where: { $0?.exitCode != nil }) { return end(succeeded: false) }
        }
        if !hasJoined { start(plan.nodes.count - 1) }
        traffic?.pause()
        return agree()
    }

    // MARK: Steps

    private func startAll(_ indices: Range<Int>) -> Bool {
        for index in indices { start(index) }
        let deadline = SystemTime.seconds + DevnetRun.startPatience
        while SystemTime.seconds < deadline, !Interrupt.isSet {
            follow(note: "starting")
            if indices.allSatisfy({ board.nodes[$0].isReady }) { return true }
            if children.contains(where: { $0?.exitCode != nil }) { return false }
        }
        return Interrupt.isSet
    }

    private func start(_ index: Int) {
        let node = plan.nodes[index]
        do {
            children[index] = try ChildProcess.start(
                name: node.name, executable: SystemTime.executablePath,
                arguments: ["run", "--config", node.configuration, "--supervisor-fd", "\(ChildProcess.supervisorDescriptor)"],
                logPath: node.log)
        } catch {
            StandardError.say("\(error)")
            board.ended(index, exitCode: SystemExit.internalError.rawValue)
        }
    }

    /// Stops the producers and waits until all nodes have one head; then ends them and looks at what is on disk.
    private func agree() -> Bool {
        for child in children { child?.order("pause") }
        let deadline = SystemTime.seconds + DevnetRun.agreementPatience
        var agreedSince: Int64?
        while SystemTime.seconds < deadline {
            follow(note: "producing has stopped; waiting for one head")
            // For two whole seconds: a block that was on its way when producing stopped has arrived by then.
            guard let head = board.commonHead, head.height > 0, board.nodes.allSatisfy(\.isReady) else {
                agreedSince = nil
                continue
            }
            agreedSince = agreedSince ?? SystemTime.seconds
            if SystemTime.seconds - (agreedSince ?? 0) >= 2 { return end(succeeded: true) }
        }
        return end(succeeded: false)
    }

    private func end(succeeded: Bool) -> Bool {
        for child in children { child?.signal(SIGTERM) }
        let deadline = SystemTime.seconds + DevnetRun.endPatience
        while SystemTime.seconds < deadline, children.contains(where: { $0?.exitCode == nil && $0 != nil }) {
            follow(note: "stopping")
        }
        for child in children where child?.exitCode == nil { child?.signal(SIGKILL) }
        screen.close(board.lines(elapsed: "\(elapsed) s", note: "ended"))
        let heads = plan.nodes.map(storedHead)
        let isOneHead = Set(heads.map { $0?.hash }).count == 1 && heads[0] != nil
        for (index, node) in plan.nodes.enumerated() {
            if let child = children[index], child.exitCode != 0 {
                StandardError.say("\(node.name) ended with exit code \(child.exitCode.map { "\($0)" } ?? "none"); its log: \(node.log)")
                for line in LogTail.lines(of: node.log) { StandardError.say("  \(line)") }
            }
        }
        let allEndedWell = children.allSatisfy { $0?.exitCode == 0 }
        if succeeded, isOneHead, allEndedWell, let head = heads[0] {
            print("all \(plan.nodes.count) nodes ended on one head: height \(head.height), hash \(head.hash.prefixedHex)")
            return true
        }
        for (node, head) in zip(plan.nodes, heads) {
            StandardError.say("\(node.name): \(head.map { "height \($0.height), hash \($0.hash.prefixedHex)" } ?? "no chain")")
        }
        StandardError.say(Interrupt.isSet && !allEndedWell ? "interrupted" : "the nodes did not end on one head")
        return false
    }

    /// The head in the node's store, now that its process has ended.
    private func storedHead(_ node: DevnetPlan.NodeFiles) -> (height: UInt64, hash: Hash32)? {
        guard let store = try? LMDBStore(directory: node.dataDirectory, access: .readOnly), let tip = try? store.tip() else { return nil }
        return (tip.height, tip.hash)
    }

    // MARK: Following

    private func follow(note: String) {
        var entries = children.compactMap { child in
            child.map { pollfd(fd: $0.exitCode == nil ? $0.reportDescriptor : -1, events: Int16(POLLIN), revents: 0) }
        }
        poll(&entries, nfds_t(entries.count), DevnetRun.pollMilliseconds)
        for (index, child) in children.enumerated() {
            guard let child else { continue }
            for line in child.readLines() {
                if let report = NodeReport(line: line) { board.take(report, from: index) }
            }
            if child.exitCode == nil, child.reap(), let code = child.exitCode { board.ended(index, exitCode: code) }
        }
        screen.show(board.lines(elapsed: "\(elapsed) s", note: note), board: board, elapsed: elapsed)
    }
}
