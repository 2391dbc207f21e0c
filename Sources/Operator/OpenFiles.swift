internal import API
package import Logging
package import PodoruConfiguration
package import Terminal

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

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
        var limits = rlimit()
        return getrlimit(resource, &limits) == 0 ? UInt64(limits.rlim_max) : nil
    }

    /// Raises the soft limit to the hard one and logs that, and warns when what the configuration needs does not fit even so.
    ///
    /// - Throws: when not even the node itself fits: parts of the runtime end the process where they find no file.
    package static func makeRoom(for settings: NodeConfiguration, logger: Logger) throws(CommandFailure) {
        var limits = rlimit()
        guard getrlimit(resource, &limits) == 0 else { return }
        if limits.rlim_cur < limits.rlim_max {
            let before = limits.rlim_cur
            limits.rlim_cur = limits.rlim_max
            guard setrlimit(resource, &limits) == 0 else { return }
            logger.debug("raised the limit of open files", metadata: ["from": "\(before)", "to": "\(limits.rlim_max)"])
        }
        guard limits.rlim_cur >= UInt64(reserve) else {
            throw CommandFailure(
                .internalError,
                """
                this process may have \(limits.rlim_cur) files open, and a node needs \(reserve) and one for each connection; raise the \
                limit (`ulimit -n`, or LimitNOFILE= of its systemd unit)
                """)
        }
        let needed = needed(settings)
        if limits.rlim_cur < UInt64(needed) {
            logger.warning(
                """
                this process may have \(limits.rlim_cur) files open, and its peers and API clients may need \(needed): raise the limit \
                (`ulimit -n`, or LimitNOFILE= of its systemd unit) or lower `max_peers` and the API's connections
                """)
        }
    }

    // The constant is an enumeration's case in Glibc's header and a number in Musl's.
    #if canImport(Glibc)
    private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
    private static let resource = RLIMIT_NOFILE
    #endif
}
