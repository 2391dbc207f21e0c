internal import Node
internal import Peering
internal import ProtocolCore
internal import Wire

// Every metric of the node: its name, its help, and where its number comes from. docs/metrics.md says what to make of them; a test
// compares the two.

extension NodeMetrics {
    /// All metrics, in the order in which they are told.
    var families: [MetricFamily] { node + blocks + sync + transactions + peers + machine }

    private var node: [MetricFamily] {
        [
            MetricFamily(
                .info, "build", "The software that runs.", [.init(labels: [("version", version)] + commitLabel, value: .number(1))]),
            MetricFamily(
                .gauge, "start_time_seconds", unit: .seconds, "When the node started, in seconds since 1970.", .number(startedAt)),
            MetricFamily(.gauge, "uptime_seconds", unit: .seconds, "How long the node has run.", .time(uptime)),
        ]
    }

    // MARK: Blocks

    private var blocks: [MetricFamily] {
        [
            MetricFamily(.gauge, "block_height", "Height of the newest valid block.", .count(height)),
            MetricFamily(.gauge, "block_committed_height", "Height up to which blocks are on disk.", .count(committedHeight)),
            MetricFamily(
                .gauge, "block_timestamp_seconds", unit: .seconds, "Timestamp of the newest valid block, in seconds since 1970.",
                .number(headTimestamp)),
            MetricFamily(
                .histogram, "block_propagation_seconds", unit: .seconds,
                "From a block's timestamp to the end of its validation here, for blocks that came by gossip.",
                .histogram(counters.propagation)),
            MetricFamily(
                .histogram, "block_hop_seconds", unit: .seconds, "From the last byte of a block's frame to its relay.",
                .histogram(counters.hop)),
            MetricFamily(
                .histogram, "block_validation_seconds", unit: .seconds, "Time spent on validating a block that came by gossip.",
                .histogram(validation)),
            MetricFamily(.counter, "block_duplicates", "Blocks that came when they were known.", .count(counters.blockDuplicates)),
            MetricFamily(.counter, "blocks_rejected", "Blocks that broke a rule of the chain.", .count(counters.rejectedBlocks)),
            MetricFamily(
                .counter, "blocks_competing", "Blocks of another chain at the height of our head.", .count(counters.competingBlocks)),
            MetricFamily(.counter, "blocks_produced", "Blocks that this node made.", .count(counters.blocksProduced)),
            MetricFamily(
                .counter, "production_skipped", "Blocks that this node was to make and did not.", .count(counters.productionsSkipped)),
            MetricFamily(
                .gauge, "production_paused", "1 while the operator has this node make no blocks.", .number(isProductionPaused ? 1 : 0)),
            MetricFamily(
                .gauge, "clock_offset_seconds", unit: .seconds,
                "How far ahead of this node's clock the last block of the authority came that is farthest ahead.",
                clockOffset.map { [.init(labels: [], value: .time($0))] } ?? []),
        ]
    }

    private var sync: [MetricFamily] {
        [
            MetricFamily(.gauge, "sync_active", "1 while the node fetches blocks in ranges.", .number(isSyncing ? 1 : 0)),
            MetricFamily(.gauge, "sync_target_height", "Height that the peers are believed to have.", .count(syncTarget)),
            MetricFamily(.counter, "sync_blocks", "Blocks that came by sync and were applied.", .count(counters.blocksBySync)),
        ]
    }

    private var transactions: [MetricFamily] {
        [
            MetricFamily(.gauge, "mempool_transactions", "Transactions that wait for a block.", .number(Int64(mempoolCount))),
            MetricFamily(
                .counter, "transaction_duplicates", "Transactions that came from a peer when they were known.",
                .count(counters.transactionDuplicates)),
            MetricFamily(
                .counter, "transactions_rejected", "Transactions that were not taken into the mempool.",
                .count(counters.rejectedTransactions)),
        ]
    }

    // MARK: Peers

    private var peers: [MetricFamily] {
        [
            MetricFamily(.gauge, "peer_count", "Peers that have shaken hands.", .number(Int64(inboundPeers + outboundPeers))),
            MetricFamily(
                .gauge, "peers", "Peers that have shaken hands, by who connected.",
                [
                    .init(labels: [("direction", "inbound")], value: .number(Int64(inboundPeers))),
                    .init(labels: [("direction", "outbound")], value: .number(Int64(outboundPeers))),
                ]),
            MetricFamily(
                .counter, "p2p_bytes", unit: .bytes, "Bytes of whole frames from and to peers, by message type.", traffic { $0.bytes }),
            MetricFamily(.counter, "p2p_messages", "Messages from and to peers, by message type.", traffic { $0.messages }),
            MetricFamily(.counter, "p2p_disconnects", "Peers that went, by reason.", reasons(counters.disconnects)),
            MetricFamily(
                .counter, "p2p_rejected", "Connections that ended before the handshake was accepted, by reason.",
                reasons(counters.rejections)),
            MetricFamily(
                .counter, "p2p_throttled_seconds", unit: .seconds,
                "Time for which peers were not read because of their message rate, over all peers.", .time(throttled)),
            MetricFamily(.counter, "p2p_dials", "Connections that this node began to open.", .count(dialsStarted)),
            MetricFamily(.counter, "p2p_dial_failures", "Dials that led to no connection.", .count(dialsFailed)),
            MetricFamily(.gauge, "p2p_banned_addresses", "Addresses that are banned now.", .number(Int64(bannedAddresses))),
        ]
    }

    private func traffic(_ value: (TrafficByType.Sum) -> UInt64) -> [MetricFamily.Sample] {
        [("in", counters.received), ("out", counters.sent)].flatMap { direction, sums in
            // The last is any type that this version does not know.
            (MessageType.allCases + [nil]).map { type in
                .init(labels: [("direction", direction), ("type", type?.name ?? "unknown")], value: .count(value(sums[type])))
            }
        }
    }

    /// All reasons, the ones that never occurred too: a rate needs the zero before the first one.
    private func reasons(_ counts: DisconnectCounters) -> [MetricFamily.Sample] {
        DisconnectReason.allCases.map { .init(labels: [("reason", $0.rawValue)], value: .count(counts[$0])) }
    }

    private var machine: [MetricFamily] {
        [
            MetricFamily(
                .histogram, "loop_lag_seconds", unit: .seconds, "How late the event loop was at the worst in each second.",
                .histogram(loopLag)),
            MetricFamily(.gauge, "store_bytes", unit: .bytes, "Bytes of the store's file that are in use.", .number(Int64(storeBytes))),
            MetricFamily(
                .gauge, "store_free_bytes", unit: .bytes, "Bytes that the file system of the store has left for the node.",
                storeFreeBytes.map { [.init(labels: [], value: .count($0))] } ?? []),
        ]
    }
}

extension NodeMetrics {
    /// None where the commit is not known.
    fileprivate var commitLabel: [(String, String)] { commit.map { [("commit", $0)] } ?? [] }
}
