internal import EventLoop
internal import Logging
internal import Platform
internal import Storage

/// What a node runs with, for the first line of its log. libsecp256k1 does not tell its version.
enum Versions {
    static var fields: Logger.Metadata {
        ["swift": "\(swift)", "libuv": "\(EventLoop.libraryVersion)", "lmdb": "\(StoreFormat.libraryVersion)", "kernel": "\(kernel)"]
    }

    /// Of the compiler, as far as it tells.
    private static var swift: String {
        #if compiler(>=6.4)
        "6.4 or later"
        #else
        "6.3"
        #endif
    }

    /// Such as `Linux 6.18.0`.
    private static var kernel: String {
        ThisProcess.kernel ?? "unknown"
    }
}
