import Network
import Primitives
import Testing
import Wire

@testable import Peering

/// Two nodes that dial each other at the same time, in every order in which the network can bring the events.
@Suite struct SimultaneousDialTests {
    /// What is on its way to one side of one connection. Each direction of a connection keeps its order.
    enum Packet: Hashable {
        case connected
        case handshake
        case end
    }

    struct Side {
        var manager: PeerManager
        var ready: Set<PeerID> = []
        var open: Set<PeerID> = []
    }

    /// The whole small world: two managers and the packets between them. A value, so a branch is a copy.
    struct World {
        var sides: [Side]
        /// Queues by connection and receiver: index `2 * connection + receiver`.
        var queues: [[Packet]]
        var now: Nanoseconds = .seconds(100)
        let dials: Int

        var moment: Moment { Moment(uptime: now, unixMilliseconds: 0) }

        /// Connection `c` is dialled by side `c % 2`; its id is the same number on both sides.
        static func id(_ connection: Int) -> PeerID { PeerID(slot: UInt16(connection), generation: UInt32(connection + 1)) }
        static func place(_ side: Int) -> Endpoint { endpoint(side == 0 ? "1.1.1.1:9000" : "2.2.2.2:9000") }
        /// The other name under which a side is dialled a second time.
        static func alias(_ side: Int) -> Endpoint { endpoint(side == 0 ? "one.example:9000" : "two.example:9000") }

        func dialled(_ connection: Int) -> Endpoint {
            let target = 1 - connection % 2
            return connection < 2 ? World.place(target) : World.alias(target)
        }
    }

    private func world(numbers: [UInt64], dials: Int, anonymous: Bool) -> World {
        var world = World(sides: [], queues: Array(repeating: [], count: 2 * dials), dials: dials)
        for side in 0..<2 {
            var local = localNode(numbers[side], listen: ":9000")
            if anonymous { local.nodeID = nil }
            var configuration = PeerConfiguration(local: local)
            configuration.bootstrapPeers = (0..<dials).filter { $0 % 2 == side }.map(world.dialled)
            world.sides.append(Side(manager: PeerManager(configuration: configuration, seed: UInt64(side))))
        }
        for side in 0..<2 {
            var effects: [PeerEffect] = []
            world.sides[side].manager.start(at: world.moment, into: &effects)
            #expect(effects.dials.count == (dials + 1 - side) / 2)
        }
        // Each connection comes into being on both sides at times of their own.
        for index in world.queues.indices { world.queues[index].append(.connected) }
        return world
    }

    private func deliver(_ index: Int, in world: inout World, signed: Bool) {
        let packet = world.queues[index].removeFirst()
        let (connection, side) = (index / 2, index % 2)
        let id = World.id(connection)
        var effects: [PeerEffect] = []
        switch packet {
        case .connected:
            if connection % 2 == side {
                world.sides[side].open.insert(id)
                world.sides[side].manager.dialSucceeded(
                    world.dialled(connection), as: id, remote: World.place(1 - side), at: world.moment, into: &effects)
            } else {
                world.sides[side].open.insert(id)
                let remote = Endpoint(host: World.place(1 - side).host, port: UInt16(50_000 + connection))
                world.sides[side].manager.accepted(
                    id, from: remote ?? World.place(1 - side), at: world.moment, into: &effects)
            }
        case .handshake:
            let hello = world.sides[1 - side].manager.configuration.local.handshake(height: 0)
            let signer = signed ? hello.nodeID.flatMap { Address(ByteString($0)) } : nil
            world.sides[side].manager.handshakeReceived(id, hello, signedBy: signer, at: world.moment, into: &effects)
        case .end:
            world.sides[side].open.remove(id)
            world.sides[side].ready.remove(id)
            world.sides[side].manager.closed(id, reason: .closedByPeer, at: world.moment, into: &effects)
        }
        carryOut(effects, side: side, in: &world)
    }

    private func carryOut(_ effects: [PeerEffect], side: Int, in world: inout World) {
        for effect in effects {
            switch effect {
            case .sendHandshake(let id): send(.handshake, on: id, from: side, in: &world)
            case .close(let id, _):
                world.sides[side].open.remove(id)
                world.sides[side].ready.remove(id)
                send(.end, on: id, from: side, in: &world)
                // What was on its way to the closed side finds nobody.
                world.queues[2 * Int(id.slot) + side].removeAll()
            case .peerReady(let id): world.sides[side].ready.insert(id)
            case .cancelDial(let endpoint):
                for connection in 0..<world.dials where connection % 2 == side && world.dialled(connection) == endpoint {
                    // The dialling side gives up before it knew of the connection; the other side sees it end.
                    world.queues[2 * connection + side].removeAll()
                    send(.end, on: World.id(connection), from: side, in: &world)
                }
            default: break
            }
        }
    }

    private func send(_ packet: Packet, on id: PeerID, from side: Int, in world: inout World) {
        let index = 2 * Int(id.slot) + (1 - side)
        let isKnownThere = world.sides[1 - side].open.contains(id) || world.queues[index].contains(.connected)
        if isKnownThere { world.queues[index].append(packet) }
    }

    /// Which deliveries are possible: the head of every queue, and a handshake only over a connection that its sender has.
    private func choices(_ world: World) -> [Int] { world.queues.indices.filter { !world.queues[$0].isEmpty } }

    private struct Tally {
        var orders = 0
        var winners: Set<PeerID> = []
        var failures: [String] = []
        /// Where the walk has been; `nil` walks every order, however often it meets the same state.
        var seen: Set<String>?
    }

    /// Every order, by depth-first walk.
    private func explore(_ world: World, signed: Bool, tally: inout Tally) {
        let choices = choices(world)
        if choices.isEmpty {
            tally.orders += 1
            tally.winners.formUnion(world.sides[0].ready)
            if world.sides[0].ready.count != 1 || world.sides[0].ready != world.sides[1].ready {
                tally.failures.append("\(world.sides[0].ready) and \(world.sides[1].ready)")
            }
            return
        }
        for choice in choices {
            var next = world
            deliver(choice, in: &next, signed: signed)
            if tally.seen?.insert(fingerprint(next)).inserted == false { continue }
            explore(next, signed: signed, tally: &tally)
        }
    }

    /// What decides how it goes on: queues, and on each side who is open, ready, contested, in which order.
    private func fingerprint(_ world: World) -> String {
        let sides = world.sides.map { side in
            side.manager.readyPeers.map { "\($0.id)\($0.isContested)" }.joined(separator: ",") + "|\(side.manager.pendingCount)"
                + "|\(side.open.sorted())|\(side.manager.dialCount)"
        }
        return "\(world.queues)\(sides)"
    }

    @Test(arguments: [[10, 20], [20, 10]], [false, true])
    func everyOrderEndsWithExactlyOneConnection(_ numbers: [UInt64], anonymous: Bool) {
        var tally = Tally()
        explore(world(numbers: numbers, dials: 2, anonymous: anonymous), signed: !anonymous, tally: &tally)
        #expect(tally.failures == [])
        #expect(tally.winners.count == 2, "each of the two connections must win in some order")
        #expect(tally.orders > 500, "\(tally.orders) orders")
    }

    /// One side has the other under two addresses: three connections at once. So many orders that states which differ
    /// only in how they came about are walked once.
    @Test(arguments: [[10, 20], [20, 10]])
    func threeConnectionsAtOnceEndWithOne(_ numbers: [UInt64]) {
        var tally = Tally(seen: [])
        explore(world(numbers: numbers, dials: 3, anonymous: false), signed: true, tally: &tally)
        #expect(tally.failures == [])
        #expect(tally.winners.count == 3, "each of the three connections must win in some order")
        #expect(tally.seen?.count ?? 0 > 500)
    }
}
