internal import CPosix
package import SystemPackage

// What a call of the system failed with is an `Errno` of swift-system, here and above; its `description` is strerror(3)'s text, and the
// only place where that is asked.

extension Errno {
    /// What the last call of this thread failed with: for what a C library does, right after its call. What is wrapped here throws it.
    package static var current: Errno { Errno(rawValue: podoru_errno()) }

    /// Throws what the last call failed with, where `result` says that it did: the habit of most calls is -1.
    @inline(__always)
    static func check(_ result: Int32) throws(Errno) {
        if result < 0 { throw .current }
    }

    /// Runs a call of swift-system, which is declared to throw anything and throws an `Errno` only.
    @inline(__always)
    static func typed<Result>(_ call: () throws -> Result) throws(Errno) -> Result {
        do {
            return try call()
        } catch {
            throw error as? Errno ?? .ioError
        }
    }

    /// Makes a call again while a signal breaks it off.
    @inline(__always)
    static func retrying(_ call: () -> Int) throws(Errno) -> Int {
        while true {
            let result = call()
            if result >= 0 { return result }
            let error = Errno.current
            if error != .interrupted { throw error }
        }
    }
}
