internal import CPosix
package import SystemPackage

/// Who may have a file locked at the same time.
package enum FileLock: Sendable {
    /// Others may have it shared, too.
    case shared
    /// Nobody else.
    case exclusive
}

extension FileDescriptor {
    /// Takes a lock without waiting (`flock(2)`). The kernel takes it back when the file is closed, however its process ends.
    ///
    /// - Throws: `Errno.wouldBlock` when another has it.
    package func lock(_ lock: FileLock) throws(Errno) {
        let kind = lock == .shared ? LOCK_SH : LOCK_EX
        _ = try Errno.retrying { Int(flock(rawValue, kind | LOCK_NB)) }
    }
}
