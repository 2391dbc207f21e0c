internal import NodeClient
internal import Primitives
internal import Terminal

extension StatusSnapshot {
    /// The snapshot as one line of JSON. Names stay as they are; new ones may come (README, "Look at a node").
    package func json(warnings: [StatusWarning]) -> [UInt8] {
        var object = JSONObjectWriter()
        object.field("api", address)
        object.field("time", takenAt)
        object.field("version", info.version)
        object.field("commit", info.commit)
        object.field("node_type", info.nodeType)
        object.field("address", info.address)
        object.field("chain_id", chainID)
        object.field("rules_hash", info.rulesHash)
        object.field("uptime", info.uptimeSeconds)
        object.field("state", state.rawValue)
        object.field("health", health?.status)
        object.field("height", height)
        object.field("hash", chain.hash)
        object.field("target", target)
        object.field("blocks_per_second", blocksPerSecond)
        object.field("seconds_left", secondsLeft)
        object.field("last_block") { writer in
            guard let latest, let age else { return writer.raw("null") }
            var block = JSONObjectWriter()
            block.field("height", latest.height)
            block.field("hash", latest.hash)
            block.field("timestamp", latest.timestamp)
            block.field("age", age)
            block.field("transactions", latest.transactionCount)
            block.field("producer", latest.producer)
            writer.raw(block.end())
        }
        object.field("block_times") { writer in writer.array(blockTimes) { $0.integer($1) } }
        object.field("mempool", mempool)
        object.field("peer_count", peerCount)
        object.field("inbound", inbound)
        object.field("outbound", outbound)
        object.field("peers") { writer in writer.array(peers) { $0.raw($1.json) } }
        object.field("warnings") { writer in
            writer.array(warnings) { writer, warning in
                var object = JSONObjectWriter()
                object.field("code", warning.code.rawValue)
                object.field("text", warning.text)
                writer.raw(object.end())
            }
        }
        return object.end() + [UInt8(ascii: "\n")]
    }
}

extension APIAnswer.Peer {
    fileprivate var json: [UInt8] {
        var object = JSONObjectWriter()
        object.field("id", id)
        object.field("address", address)
        object.field("direction", direction)
        object.field("node_type", nodeType)
        object.field("version", version)
        object.field("height", height)
        object.field("latency_ms", latencyMilliseconds)
        object.field("bytes_in", bytesIn)
        object.field("bytes_out", bytesOut)
        return object.end()
    }
}
