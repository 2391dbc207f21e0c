internal import Gossip
internal import Ledger
package import Network
internal import Peering
internal import Sync

/// What tests ask after each step.
extension ProtocolCore {
    /// What is left of a connection that has gone, in any part; nothing when all forgot it. A block, a range or a transaction that
    /// is being worked on may still name who sent it: the verdict then finds nobody.
    package func remnants(of id: PeerID) -> [String] {
        links.remnants(of: id) + peers.remnants(of: id) + blocks.remnants(of: id) + transactions.remnants(of: id)
            + sync.remnants(of: id)
    }

    /// Sentences about what does not hold between two events, in this value and its parts. Costs a walk over everything.
    package func checkInvariants() -> [String] {
        var broken =
            links.checkInvariants() + peers.checkInvariants() + blocks.checkInvariants() + transactions.checkInvariants()
            + sync.checkInvariants()
        let ready = peers.readyPeers.map(\.id).sorted()
        func expect(_ ids: [PeerID], _ who: String) {
            if ids.sorted() != ready { broken.append("\(ready) are ready, \(who) \(ids.sorted())") }
        }
        expect(links.all.filter(\.isReady).map(\.id), "the links say")
        expect(blocks.peerIDs, "blocks are told to")
        expect(sync.peerIDs, "the sync knows")
        // Transactions are told only once the pending ones have been listed.
        if !Set(transactions.peerIDs).isSubset(of: ready) { broken.append("transactions are told to \(transactions.peerIDs)") }
        for id in links.all.map(\.id) where peers.peer(id) == nil { broken.append("\(id) is a link and no peer") }
        if !peerEffects.isEmpty || !syncEffects.isEmpty || !gossipEffects.isEmpty { broken.append("effects that nobody carried out") }
        if sync.height != head.height { broken.append("the sync is at \(sync.height), the head is \(head.height)") }
        return broken
    }
}
