import Gossip
import Network
import Primitives

func id(_ number: Int) -> PeerID { PeerID(slot: UInt16(number), generation: UInt32(number)) }

/// A hash that is told apart by its number in the first and last bytes.
func hash(_ number: Int) -> Hash32 {
    var bytes = [UInt8](repeating: 0xab, count: 32)
    for index in 0..<8 {
        bytes[index] = UInt8(truncatingIfNeeded: number >> (8 * index))
        bytes[31 - index] = bytes[index]
    }
    return Hash32(bytes) ?? .zero
}

/// Milliseconds after some start.
func at(_ milliseconds: Int64) -> Moment {
    Moment(uptime: .seconds(77) + .milliseconds(milliseconds), unixMilliseconds: 1_700_000_000_000 + milliseconds)
}

/// Transaction number `number`, with a payload of `size` bytes.
func transaction(_ number: Int, size: Int = 300) -> GossipTransaction {
    GossipTransaction(id: hash(number), payload: [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: size))
}
