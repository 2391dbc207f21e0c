internal import Ledger
internal import Node
internal import Platform
internal import Primitives
internal import Storage
internal import Supervisor
internal import Terminal

/// One run of a devnet: starts the processes, follows their reports, starts again those that end, ends them and judges.
package final class DevnetRun {
    /// How long all nodes may take to listen.
    private static let startPatience: Int64 = 30
    /// How long the nodes may take to agree once nobody makes blocks any more.
    private static let agreementPatience: Int64 = 20
    /// How long a node may take to end after SIGTERM.
    private static let endPatience: Int64 = 15
    /// Milliseconds between two looks at the reports.
    private static let pollMilliseconds: Int32 = 100
    /// Seconds for which the screen says what happened to a node.
    private static let eventSeconds: Int64 = 10

    /// What happens when a node ends.
    private enum Phase {
        /// The network cannot be had.
        case starting
        /// It comes back.
        case running
        /// It comes back, and makes no blocks.
        case agreeing
        /// It is meant to.
        case ending
    }

    private let plan: DevnetPlan
    private let duration: Int64?
    private var board: DevnetBoard
    private var children: [DevnetProcess?]
    private var restarts: [DevnetRestart]
    private var phase = Phase.starting
    private var traffic: DevnetTraffic?
    /// Those that were started again and do not listen yet.
    private var returning: Set<Int> = []
    private var event: (text: String, until: Int64)?
    private let screen = DevnetScreen()
    private let began = SystemClock.uptimeSeconds

    package init(plan: DevnetPlan, duration: Int64?) throws {
        self.plan = plan
        self.duration = duration
        board = DevnetBoard(nodes: plan.nodes.map { (name: $0.name, port: $0.port, api: $0.api) })
        children = plan.nodes.map { _ in nil }
        restarts = plan.nodes.map { _ in DevnetRestart() }
    }

    private var elapsed: Int64 { SystemClock.uptimeSeconds - began }

    /// Runs to the end. Returns whether all nodes ended on one chain.
    package func run() -> Bool {
        Interrupt.install()
        let first = plan.nodes.indices.dropLast()
        guard startAll(first) else { return end(succeeded: false) }
        phase = .running
        traffic = try? DevnetTraffic(plan: plan)
        traffic?.start()
        for index in first { traffic?.connect(plan.nodes[index].port) }
        defer { traffic?.stop() }

        // The late joiner finds a chain that is worth a sync, and time to follow it.
        let joinTime = duration.map { max(4, $0 * 2 / 5) } ?? 20
        var hasJoined = false
        while Interrupt.count == 0, duration.map({ elapsed < $0 }) ?? true {
            if !hasJoined, elapsed >= joinTime {
                hasJoined = true
                start(plan.nodes.count - 1)
            }
            follow(note: hasJoined ? "running" : "the late node joins after \(joinTime) s")
        }
        traffic?.pause()
        return agree()
    }

    // MARK: Steps

    private func startAll(_ indices: Range<Int>) -> Bool {
        for index in indices { start(index) }
        let deadline = SystemClock.uptimeSeconds + DevnetRun.startPatience
        while SystemClock.uptimeSeconds < deadline, Interrupt.count == 0 {
            follow(note: "starting")
            if indices.allSatisfy({ board.nodes[$0].isReady }) { return true }
            if board.nodes.contains(where: { $0.ending != nil }) { return false }
        }
        return Interrupt.count > 0
    }

    private func start(_ index: Int) {
        let node = plan.nodes[index]
        do {
            let child = try DevnetProcess.start(
                name: node.name, executable: ThisProcess.executablePath,
                arguments: ["run", "--config", node.configuration, "--supervisor-fd", "\(DevnetProcess.supervisorDescriptor)"],
                logPath: node.log)
            children[index] = child
            board.started(index, processID: child.processID)
            if phase == .agreeing { child.order("pause") }
        } catch {
            StandardError.say("\(error)")
            hasEnded(index, .code(SystemExit.internalError.rawValue), ranFor: 0)
        }
    }

    /// Stops the producers and waits until all nodes have one head; then ends them and looks at what is on disk.
    private func agree() -> Bool {
        phase = .agreeing
        for child in children { child?.order("pause") }
        // Those that are down, and the late one when it has not joined, are needed now.
        for (index, node) in board.nodes.enumerated() where node.processID == nil && !(node.ending?.isLasting ?? false) { start(index) }
        let deadline = SystemClock.uptimeSeconds + DevnetRun.agreementPatience
        let interrupts = Interrupt.count
        var agreedSince: Int64?
        while SystemClock.uptimeSeconds < deadline, Interrupt.count == interrupts {
            follow(note: "producing has stopped; waiting for one head")
            // For two whole seconds: a block that was on its way when producing stopped has arrived by then.
            guard let head = board.commonHead(at: SystemClock.uptimeMilliseconds), head.height > 0 else {
                agreedSince = nil
                continue
            }
            agreedSince = agreedSince ?? SystemClock.uptimeSeconds
            if SystemClock.uptimeSeconds - (agreedSince ?? 0) >= 2 { return end(succeeded: true) }
        }
        let now = SystemClock.uptimeMilliseconds
        for (index, node) in board.nodes.enumerated() {
            guard case .noAnswer(let seconds) = board.state(of: index, at: now) else { continue }
            StandardError.say("\(node.name) (process \(node.processID ?? 0)) has not answered for \(seconds) s")
        }
        return end(succeeded: false)
    }

    private func end(succeeded: Bool) -> Bool {
        phase = .ending
        for child in children { child?.terminate() }
        let deadline = SystemClock.uptimeSeconds + DevnetRun.endPatience
        let interrupts = Interrupt.count
        while SystemClock.uptimeSeconds < deadline, Interrupt.count == interrupts,
            children.contains(where: { $0 != nil && $0?.ending == nil })
        {
            follow(note: "stopping")
        }
        for child in children where child?.ending == nil { child?.signal(.kill) }
        screen.close(board, elapsed: elapsed)
        return judge(succeeded: succeeded)
    }

    /// Says how it ended, and whether that is well.
    private func judge(succeeded: Bool) -> Bool {
        let heads = plan.nodes.map(storedHead)
        let isOneHead = Set(heads.map { $0?.hash }).count == 1 && heads[0] != nil
        for (index, node) in plan.nodes.enumerated() {
            guard let child = children[index], child.ending != .code(0) else { continue }
            StandardError.say("\(node.name) ended: \(child.ending.map { "\($0)" } ?? "killed, since it did not"); its log: \(node.log)")
            for line in LogTail.lines(of: node.log) { StandardError.say("  \(line)") }
        }
        let allEndedWell = children.allSatisfy { $0?.ending == .code(0) }
        if succeeded, isOneHead, allEndedWell, let head = heads[0] {
            try? StandardOutput.say("all \(plan.nodes.count) nodes ended on one head: height \(head.height), hash \(head.hash.prefixedHex)")
            return true
        }
        for (node, head) in zip(plan.nodes, heads) {
            StandardError.say("\(node.name): \(head.map { "height \($0.height), hash \($0.hash.prefixedHex)" } ?? "no chain")")
        }
        StandardError.say(Interrupt.count > 0 && !allEndedWell ? "interrupted" : "the nodes did not end well on one head")
        return false
    }

    /// The head in the node's store, now that its process has ended.
    private func storedHead(_ node: DevnetPlan.NodeFiles) -> (height: UInt64, hash: Hash32)? {
        guard let store = try? LMDBStore(directory: node.dataDirectory, access: .readOnly), let head = try? store.head() else { return nil }
        return (head.height, head.hash)
    }

    // MARK: Following

    private func follow(note: String) {
        _ = Descriptors.waitForAny(
            of: children.map { $0?.ending == nil ? $0?.reports : nil }, milliseconds: DevnetRun.pollMilliseconds)
        for (index, child) in children.enumerated() {
            guard let child, child.ending == nil else { continue }
            for line in child.readLines() { if let report = NodeReport(line: line) { take(report, from: index) } }
            if child.reap(), let ending = child.ending { hasEnded(index, ending, ranFor: SystemClock.uptimeMilliseconds - child.startedAt) }
        }
        for (index, node) in board.nodes.enumerated() {
            if let time = node.returnsAt, time <= SystemClock.uptimeMilliseconds, phase != .ending { start(index) }
        }
        board.trafficPorts = traffic?.openPorts ?? []
        if let event, event.until > elapsed {
            screen.show(board, elapsed: elapsed, note: "\(note); \(event.text)")
        } else {
            screen.show(board, elapsed: elapsed, note: note)
        }
    }

    private func take(_ report: NodeReport, from index: Int) {
        board.take(report, from: index, at: SystemClock.uptimeMilliseconds)
        guard case .ready = report, phase == .running else { return }
        // Of those that run from the beginning: what they send must find its way.
        if index < plan.nodes.count - 1 { traffic?.connect(plan.nodes[index].port) }
        if returning.remove(index) != nil { tell("\(plan.nodes[index].name) is back, pid \(board.nodes[index].processID ?? 0)") }
    }

    private func hasEnded(_ index: Int, _ ending: ChildEnding, ranFor: Int64) {
        let isMeant = phase == .ending || phase == .starting
        let returnsAt = isMeant ? nil : restarts[index].next(after: ending, ranFor: ranFor, at: SystemClock.uptimeMilliseconds)
        board.ended(index, ending, returnsAt: returnsAt)
        guard !isMeant else { return }
        returning.insert(index)
        tell("\(plan.nodes[index].name) ended: \(ending)")
    }

    private func tell(_ text: String) {
        event = (text, elapsed + DevnetRun.eventSeconds)
        screen.tell(text, elapsed: elapsed)
    }
}
