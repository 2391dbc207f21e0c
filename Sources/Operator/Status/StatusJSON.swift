internal import NodeClient
internal import Primitives
internal import Terminal

extension StatusSnapshot {
    /// The snapshot as one line of JSON. Names stay as they are; new ones may come (README, "Look at a node").
    package func json(warnings: [StatusWarning]) -> [UInt8] {
        return JSONWriter.object { json in
            json.member("api", address)
            json.member("time", takenAt)
            json.member("version", info.version)
            json.member("commit", info.commit)
            json.member("node_type", info.nodeType)
            json.member("address", info.address)
            json.member("chain_id", chainID)
            json.member("rules_hash", info.rulesHash)
            json.member("uptime", info.uptimeSeconds)
            json.member("state", state.rawValue)
            json.member("health", health?.status)
            json.member("height", height)
            json.member("hash", chain.hash)
            json.member("target", target)
            json.member("blocks_per_second", blocksPerSecond)
            json.member("seconds_left", secondsLeft)
            json.member("last_block") { json in
                guard let latest, let age else { return json.null() }
                json.object { json in
                    json.member("height", latest.height)
                    json.member("hash", latest.hash)
                    json.member("timestamp", latest.timestamp)
                    json.member("age", age)
                    json.member("transactions", latest.transactionCount)
                    json.member("producer", latest.producer)
                }
            }
            json.member("block_times") { json in json.array(blockTimes) { $0.integer($1) } }
            json.member("mempool", mempool)
            json.member("peer_count", peerCount)
            json.member("inbound", inbound)
            json.member("outbound", outbound)
            json.member("peers") { json in json.array(peers) { $0.raw($1.json) } }
            json.member("warnings") { json in
                json.array(warnings) { json, warning in
                    json.object { json in
                        json.member("code", warning.code.rawValue)
                        json.member("text", warning.text)
                    }
                }
            }
        } + [UInt8(ascii: "\n")]
    }
}

extension APIAnswer.Peer {
    fileprivate var json: [UInt8] {
        return JSONWriter.object { json in
            json.member("id", id)
            json.member("address", address)
            json.member("direction", direction)
            json.member("node_type", nodeType)
            json.member("version", version)
            json.member("height", height)
            json.member("latency_ms", latencyMilliseconds)
            json.member("bytes_in", bytesIn)
            json.member("bytes_out", bytesOut)
        }
    }
}
