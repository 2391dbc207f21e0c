internal import EventLoop
internal import Logging
internal import NodeLogging
public import PodoruConfiguration
internal import ProtocolCore
internal import Synchronization

extension Node {
    /// Takes what of a new configuration can change at run time, all or nothing, and logs each changed key with its old and new value.
    /// A key that waits for the next start is named too, each time until it has come.
    ///
    /// - Throws: when the node could not start with the new configuration; everything is as before then.
    public func reload(_ configuration: NodeConfiguration) async throws(NodeError) {
        // Reads the genesis and the key that it names, and holds it against them.
        _ = try NodeDraft(configuration)
        let old = plan.withLock { $0 }
        let new = old.takingRunTimeChanges(of: configuration)
        let core = new.coreConfiguration(
            identity: identity, listenAddress: Node.announced(try new.listenAddress()), nonce: nonce, commit: commit)
        let shell = shell
        try? await loop.perform { () throws(EventLoopError) -> Void in shell.tell { $0.reconfigure(core, at: $1, into: &$2) } }
        plan.withLock { $0 = new }
        let changes = configuration.changes(from: old.configuration)
        report(changes, logLevel: configuration.logLevel)
    }

    private func report(_ changes: [ConfigurationChange], logLevel wanted: NodeConfiguration.LogLevel) {
        let level = Logger.Level(rawValue: wanted.rawValue) ?? .info
        // The change to fewer lines is itself told, and so is the one to more.
        if let logLevel { logLevel.current = min(logLevel.current, level) }
        for change in changes {
            let metadata: Logger.Metadata = ["key": "\(change.key.name)", "from": "\(change.old)", "to": "\(change.new)"]
            if change.needsRestart {
                log.warning("a changed key waits for the next start", metadata: metadata)
            } else {
                log.notice("a key changed", metadata: metadata)
            }
        }
        let waiting = changes.count { $0.needsRestart }
        log.notice("configuration reloaded", metadata: ["changed": "\(changes.count - waiting)", "waiting": "\(waiting)"])
        logLevel?.current = level
    }
}
