import PodoruConfiguration
import Primitives
import Synchronization

@testable import Node

/// The nodes of one test, all stopped at its end, whichever way it ends.
final class Nodes: Sendable {
    private let running = Mutex<[Node]>([])

    func start(
        _ configuration: NodeConfiguration, log: LogRecorder = LogRecorder(), _ adjust: (inout Node.Options) -> Void = { _ in }
    ) async throws -> Node {
        let node = try await Node.start(configuration, log: log, adjust)
        running.withLock { $0.append(node) }
        return node
    }

    /// Stops one before the end.
    func stop(_ node: Node) async {
        running.withLock { $0.removeAll { $0 === node } }
        await node.stop()
    }

    fileprivate func stopAll() async {
        let nodes = running.withLock { $0 }
        for node in nodes { await node.stop() }
        running.withLock { $0 = [] }
    }
}

/// Runs `body` with a set of nodes that are stopped after it.
func withNodes(_ body: (Nodes) async throws -> Void) async throws {
    let nodes = Nodes()
    do {
        try await body(nodes)
    } catch {
        await nodes.stopAll()
        throw error
    }
    await nodes.stopAll()
}

/// The height and hash on which all nodes agree now; `nil` when they do not.
func agreement(of nodes: [Node]) async throws -> (height: UInt64, hash: Hash32)? {
    let first = try await nodes[0].now
    for node in nodes.dropFirst() {
        let other = try await node.now
        guard other.height == first.height, other.hash == first.hash else { return nil }
    }
    return (first.height, first.hash)
}
