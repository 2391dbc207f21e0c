internal import EventLoop
internal import Logging
internal import Storage

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

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
        var names = utsname()
        guard uname(&names) == 0 else { return "unknown" }
        return "\(text(names.sysname)) \(text(names.release))"
    }

    /// The C string in a field of a C structure.
    private static func text<Field>(_ field: Field) -> String {
        withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
