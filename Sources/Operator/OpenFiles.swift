internal import API
package import Logging
internal import Platform
package import PodoruConfiguration
package import Terminal

/// How many files, sockets among them, this process may have open (`RLIMIT_NOFILE`).
///
/// Systems give a process 1024 by habit, for programs that use `select`, and let it have far more when it asks. A node whose
/// API takes some thousands of connections asks.
package enum OpenFiles {
    /// Beside connections: the store, the log, the two event loops, listeners, the admin socket, name look-ups. About 30 are used.
    static let reserve = 64

    /// The most files that a node with this configuration needs.
    static func needed(_ settings: NodeConfiguration) -> Int { settings.maxPeers + APIServer.maxConnections(settings) + reserve }

    /// What the soft limit can be raised to; `nil` when the system does not say, and the greatest number without a limit.
    static var hardLimit: UInt64? {
        ThisProcess.openFileLimits?.hard
    }

    /// Raises the soft limit to the hard one and logs that, and warns when what the configuration needs does not fit even so.
    ///
    /// - Throws: when not even the node itself fits: parts of the runtime end the process where they find no file.
    package static func makeRoom(for settings: NodeConfiguration, logger: Logger) throws(CommandFailure) {
        guard let limits = ThisProcess.openFileLimits else { return }
        var (soft, hard) = limits
        if soft < hard {
            guard (try? ThisProcess.setOpenFileLimits(soft: hard, hard: hard)) != nil else { return }
            logger.debug("raised the limit of open files", metadata: ["from": "\(soft)", "to": "\(hard)"])
            soft = hard
        }
        guard soft >= UInt64(reserve) else {
            throw CommandFailure(
                .internalError,
                """
                this process may have \(soft) files open, and a node needs \(reserve) and one for each connection; raise the \
                limit (`ulimit -n`, or LimitNOFILE= of its systemd unit)
                """)
        }
        let needed = needed(settings)
        if soft < UInt64(needed) {
            logger.warning(
                """
                this process may have \(soft) files open, and its peers and API clients may need \(needed): raise the limit \
                (`ulimit -n`, or LimitNOFILE= of its systemd unit) or lower `max_peers` and the API's connections
                """)
        }
    }
}
