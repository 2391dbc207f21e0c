public import Primitives

/// What a node tells the process that supervises it (the devnet), one JSON object a line.
public enum NodeReport: Hashable, Sendable {
    case ready(Ready)
    case status(Status)
    case block(BlockSeen)

    /// The node listens and its store is open.
    public struct Ready: Hashable, Sendable {
        public var port: UInt16
        public init(port: UInt16) { self.port = port }
    }

    /// Where the node stands. Sent a few times a second.
    public struct Status: Hashable, Sendable {
        public var height: UInt64 = 0
        public var hash = Hash32.zero
        /// The height up to which blocks are on disk: at most one below `height`.
        public var committed: UInt64 = 0
        public var inbound: UInt64 = 0
        public var outbound: UInt64 = 0
        public var mempool: UInt64 = 0
        public var isSyncing = false
        public var target: UInt64 = 0
        /// Blocks applied by sync in a second, times 10.
        public var decisyncRate: UInt64 = 0
        public init() {}
    }

    /// How a block came to the node.
    public enum Origin: String, Hashable, Sendable, CaseIterable {
        case own, gossip, sync
    }

    /// A block became the head of the node. Of a longer range that was synced, the last block only.
    public struct BlockSeen: Hashable, Sendable {
        public var height: UInt64 = 0
        public var hash = Hash32.zero
        public var transactions: UInt64 = 0
        public var origin = Origin.own
        /// Wall clock, microseconds since 1970: all nodes of a devnet share it.
        public var atMicroseconds: UInt64 = 0
        /// From the last byte of its frame to the relay handed to the sockets. Zero where it was not relayed.
        public var hopMicroseconds: UInt64 = 0
        public init() {}
    }
}

extension NodeReport {
    /// The report as one line, newline included.
    public var line: [UInt8] {
        var writer = JSONWriter(capacity: 256)
        func field(_ name: StaticString, _ value: UInt64) {
            writer.raw(",\"")
            writer.raw(name)
            writer.raw("\":")
            writer.integer(value)
        }
        func hash(_ value: Hash32) {
            writer.raw(",\"hash\":")
            writer.string(ByteString(value.hex))
        }
        switch self {
        case .ready(let ready):
            writer.raw("{\"kind\":\"ready\"")
            field("port", UInt64(ready.port))
        case .status(let status):
            writer.raw("{\"kind\":\"status\"")
            field("height", status.height)
            hash(status.hash)
            field("committed", status.committed)
            field("inbound", status.inbound)
            field("outbound", status.outbound)
            field("mempool", status.mempool)
            field("syncing", status.isSyncing ? 1 : 0)
            field("target", status.target)
            field("rate", status.decisyncRate)
        case .block(let block):
            writer.raw("{\"kind\":\"block\"")
            field("height", block.height)
            hash(block.hash)
            field("transactions", block.transactions)
            writer.raw(",\"origin\":")
            writer.string(ByteString(block.origin.rawValue))
            field("at", block.atMicroseconds)
            field("hop", block.hopMicroseconds)
        }
        writer.raw("}\n")
        return writer.bytes
    }

    /// Reads one line back; `nil` when it is not a report.
    public init?(line: [UInt8]) {
        var kind = ByteString("")
        var status = Status()
        var block = BlockSeen()
        var port: UInt64 = 0
        let understood = line.withUnsafeBytes { buffer in
            do {
                var reader = JSONReader(buffer)
                try reader.beginObject()
                while let key = try reader.nextKey() {
                    if key.equals("kind") {
                        kind = try reader.readString()
                    } else if key.equals("hash") {
                        status.hash = Hash32(hex: try reader.readString().bytes) ?? .zero
                    } else if key.equals("origin") {
                        block.origin = Origin(rawValue: try reader.readString().text) ?? .own
                    } else {
                        let name = key.bytes.text
                        let value = try reader.readUInt64()
                        switch name {
                        case "height": status.height = value
                        case "committed": status.committed = value
                        case "inbound": status.inbound = value
                        case "outbound": status.outbound = value
                        case "mempool": status.mempool = value
                        case "syncing": status.isSyncing = value != 0
                        case "target": status.target = value
                        case "rate": status.decisyncRate = value
                        case "transactions": block.transactions = value
                        case "at": block.atMicroseconds = value
                        case "hop": block.hopMicroseconds = value
                        case "port": port = value
                        default: break
                        }
                    }
                }
                return true
            } catch {
                return false
            }
        }
        guard understood else { return nil }
        switch kind.text {
        case "ready": self = .ready(Ready(port: UInt16(truncatingIfNeeded: port)))
        case "status": self = .status(status)
        case "block":
            block.height = status.height
            block.hash = status.hash
            self = .block(block)
        default: return nil
        }
    }
}
