internal import NodeClient
internal import Primitives
package import Terminal

/// A snapshot as lines for a person. Pure: the same values give the same lines.
package struct StatusLayout {
    /// Columns; `nil` where nobody cuts, as in a file.
    var width: Int?
    /// Lines that there is room for; `nil` without an end. Only the list of peers gives way.
    var height: Int?

    package init(width: Int? = nil, height: Int? = nil) {
        self.width = width
        self.height = height
    }

    /// Lines of the smallest list of peers: the heads, one peer and one line for the rest. On a smaller screen there is none.
    private static let smallestTable = 3
    /// Columns that an address keeps where it is cut: those of IPv4 and a port.
    private static let shortestAddress = 21
    private static let widestBar = 30
    private static let narrowestBar = 10
    /// Columns of what stands beside the bar: the label, the percentage, the rate and the time that is left.
    private static let besideBar = 48
    /// Block times shown.
    private static let shownBlockTimes = 8

    /// All lines.
    package func lines(_ snapshot: StatusSnapshot, warnings: [StatusWarning]) -> [StyledLine] {
        let head = [title(snapshot), chain(snapshot), StyledLine()] + progress(snapshot) + newest(snapshot) + [mempool(snapshot)]
        var foot: [StyledLine] = []
        if !warnings.isEmpty {
            foot.append(StyledLine())
            foot += warnings.flatMap { StyledLine.wrapped($0.text, first: "! ", style: style($0.code), width: width) }
        }
        // What is wrong comes before who is connected.
        let peers = peers(snapshot, room: height.map { $0 - head.count - foot.count - 1 })
        let lines = head + peers + foot
        guard let height, lines.count > height, height > 1 else { return Array(lines.prefix(height.map { max(1, $0) } ?? .max)) }
        return lines.prefix(height - 1) + [StyledLine("… and \(lines.count - height + 1) more lines", .dim)]
    }

    private func style(_ code: StatusWarning.Code) -> StyledLine.Style {
        code.isPressing ? .bad : .doubtful
    }

    // MARK: The node

    private func title(_ snapshot: StatusSnapshot) -> StyledLine {
        var line = StyledLine("podoru \(snapshot.info.version ?? "node")", .strong)
        if let type = snapshot.info.nodeType { line.add("  \(type)") }
        switch snapshot.state {
        case .inStep: line.add("  in step", .good)
        case .syncing: line.add("  syncing", .doubtful)
        case .behind: line.add("  behind", .bad)
        case .alone: line.add("  alone", .doubtful)
        }
        if let health = snapshot.health {
            line.add("  \(health.status)", health.status == "healthy" ? .good : health.status == "degraded" ? .doubtful : .bad)
        }
        if let uptime = snapshot.info.uptimeSeconds { line.add("  up \(StatusText.duration(Int64(clamping: uptime)))") }
        line.add("  \(snapshot.address)", .dim)
        return line
    }

    private func labelled(_ label: String) -> StyledLine {
        var line = StyledLine(label, .dim)
        line.pad(to: 10)
        return line
    }

    private func chain(_ snapshot: StatusSnapshot) -> StyledLine {
        var line = labelled("chain")
        line.add(StatusText.short(snapshot.chainID))
        let authorities = snapshot.chain.authorities.count
        line.add("  \(authorities) \(authorities == 1 ? "authority" : "authorities")")
        if let address = snapshot.info.address { line.add("  this node \(StatusText.short(address))", .dim) }
        return line
    }

    // MARK: The chain

    private func progress(_ snapshot: StatusSnapshot) -> [StyledLine] {
        var line = labelled("height")
        line.add(StatusText.number(snapshot.height), .strong)
        line.add("  \(StatusText.short(snapshot.chain.hash))", .dim)
        guard snapshot.state == .syncing || snapshot.state == .behind else { return [line] }
        if snapshot.remaining > 0 { line.add("  of \(StatusText.number(snapshot.target))") }

        var bar = labelled("sync")
        let barWidth = max(StatusLayout.narrowestBar, min(StatusLayout.widestBar, (width ?? .max) - StatusLayout.besideBar))
        let filled = Int(snapshot.progress * Double(barWidth))
        bar.add(String(repeating: "█", count: filled), .good)
        bar.add(String(repeating: "░", count: barWidth - filled), .dim)
        // Rounded down: 100 % is said at the end only.
        let thousandths = (snapshot.progress * 1000).rounded(.down)
        bar.add(" \(StatusText.decimal(thousandths / 10)) %")
        if let rate = snapshot.blocksPerSecond {
            bar.add("  \(rate < 10 ? StatusText.decimal(rate) : StatusText.number(UInt64(min(rate, 1e15)))) blocks/s")
        }
        if let left = snapshot.secondsLeft { bar.add("  \(StatusText.duration(Int64(min(left, 1e12).rounded(.up)))) left") }
        return [line, bar]
    }

    private func newest(_ snapshot: StatusSnapshot) -> [StyledLine] {
        guard let latest = snapshot.latest, let age = snapshot.age else { return [] }
        var line = labelled("newest")
        line.add("\(StatusText.duration(age)) ago")
        line.add("  \(StatusText.count(UInt64(clamping: latest.transactionCount), "transaction"))")
        let isOurs = snapshot.info.address.map { $0.lowercased() == latest.producer.lowercased() } ?? false
        line.add("  by \(isOurs ? "this node" : StatusText.short(latest.producer))")
        guard let usual = snapshot.usualBlockTime else { return [line] }
        var times = labelled("every")
        times.add(StatusText.duration(usual))
        let list = snapshot.blockTimes.prefix(StatusLayout.shownBlockTimes).map { "\($0)" }.joined(separator: " ")
        times.add("  the last ones, newest first: \(list)", .dim)
        return [line, times]
    }

    private func mempool(_ snapshot: StatusSnapshot) -> StyledLine {
        var line = labelled("mempool")
        line.add(snapshot.mempool.map { StatusText.count($0, "transaction") } ?? "not known")
        return line
    }

    // MARK: Peers

    private struct Column {
        var title: String
        var isRight = false
        /// Which columns give way on a narrow screen, those with the highest number first; the address never does.
        var rank: Int
        var text: (APIAnswer.Peer) -> String
    }

    /// - Parameter room: lines for the table.
    private func peers(_ snapshot: StatusSnapshot, room: Int?) -> [StyledLine] {
        var line = labelled("peers")
        line.add("\(snapshot.peerCount)", snapshot.peerCount == 0 ? .bad : .strong)
        if snapshot.inbound + snapshot.outbound > 0 { line.add("  \(snapshot.inbound) in, \(snapshot.outbound) out") }
        guard !snapshot.peers.isEmpty, room ?? .max >= min(StatusLayout.smallestTable, 1 + snapshot.peers.count) else { return [line] }

        // The heads, and a line for those that do not fit.
        var shown = snapshot.peers[...]
        if let room, shown.count > room - 1 { shown = shown.prefix(room - 2) }
        let table = self.table(shown, snapshot)
        let hidden = snapshot.peers.count - shown.count
        return [line] + table + (hidden > 0 ? [StyledLine("  … and \(hidden) more", .dim)] : [])
    }

    private func columns(_ snapshot: StatusSnapshot) -> [Column] {
        [
            Column(title: "address", rank: 0) { StatusText.printable($0.address) },
            Column(title: "dir", rank: 4) { $0.direction.map { $0 == "inbound" ? "in" : $0 == "outbound" ? "out" : $0 } ?? "" },
            Column(title: "type", rank: 3) { StatusLayout.type($0) },
            Column(title: "height", isRight: true, rank: 1) { $0.height.map(StatusText.number) ?? "" },
            Column(title: "", rank: 2) { StatusLayout.distance($0, snapshot.height) },
            Column(title: "latency", isRight: true, rank: 5) { $0.latencyMilliseconds.map(StatusText.latency) ?? "" },
            Column(title: "recv", isRight: true, rank: 7) { $0.bytesIn.map(StatusText.bytes) ?? "" },
            Column(title: "sent", isRight: true, rank: 6) { $0.bytesOut.map(StatusText.bytes) ?? "" },
        ]
    }

    private func table(_ peers: ArraySlice<APIAnswer.Peer>, _ snapshot: StatusSnapshot) -> [StyledLine] {
        let columns = columns(snapshot)
        // A column about which no peer says anything is left out: the Go node knows addresses only.
        let cells = columns.map { column in peers.map(column.text) }
        var used = columns.indices.filter { index in cells[index].contains { !$0.isEmpty } }
        var widths = columns.indices.map { index in max(columns[index].title.count, cells[index].map(\.count).max() ?? 0) }
        if let width {
            func excess() -> Int { used.reduce(0) { $0 + widths[$1] + 2 } - width }
            // IPv6 addresses are long, and their ends tell them apart. Then columns go until it fits.
            if excess() > 0 { widths[0] = min(widths[0], max(StatusLayout.shortestAddress, widths[0] - excess())) }
            while excess() > 0, let last = used.max(by: { columns[$0].rank < columns[$1].rank }), columns[last].rank > 0 {
                used.removeAll { $0 == last }
            }
        }
        func line(_ style: StyledLine.Style, _ text: (Int) -> String) -> StyledLine {
            var line = StyledLine("  ")
            for index in used {
                let text = StatusLayout.shortened(text(index), to: widths[index])
                let blanks = String(repeating: " ", count: widths[index] - text.count)
                let isDistance = columns[index].title.isEmpty
                line.add(columns[index].isRight ? blanks + text : text + blanks, isDistance ? .dim : style)
                if index != used.last { line.add("  ") }
            }
            return line
        }
        return [line(.dim) { columns[$0].title }] + peers.indices.map { row in line(.plain) { cells[$0][row - peers.startIndex] } }
    }

    /// With its end, where the port is.
    private static func shortened(_ text: String, to width: Int) -> String {
        text.count <= width ? text : "\(text.prefix((width - 1) / 2))…\(text.suffix(width - 1 - (width - 1) / 2))"
    }

    /// What a peer says that it is; the devnet's own is no node.
    private static func type(_ peer: APIAnswer.Peer) -> String {
        if peer.version?.hasSuffix(PodoruVersion.trafficTail) ?? false { return "traffic" }
        return StatusText.printable(peer.nodeType ?? "")
    }

    /// How far a peer is from the node, once it is more than what a peer that is in step may not have told yet: it speaks of its
    /// height with each ping only.
    private static func distance(_ peer: APIAnswer.Peer, _ height: UInt64) -> String {
        guard let theirs = peer.height else { return "" }
        if theirs > height, theirs - height > StatusSnapshot.tolerance { return "\(StatusText.number(theirs - height)) ahead" }
        if theirs < height, height - theirs > StatusSnapshot.tolerance { return "\(StatusText.number(height - theirs)) behind" }
        return ""
    }
}
