internal import CPosix
package import SystemPackage

/// Waiting for open files, sockets and pipes.
package enum Descriptors {
    package enum Readiness: Sendable { case toRead, toWrite }

    /// Waits until one can be read or written, or its other end has gone. At most so long; a negative time has no end.
    ///
    /// - Returns: whether it can; `false` too when a signal broke the wait off.
    package static func wait(for file: FileDescriptor, _ readiness: Readiness, milliseconds: Int32) -> Bool {
        var entry = pollfd(fd: file.rawValue, events: Int16(readiness == .toRead ? POLLIN : POLLOUT), revents: 0)
        return poll(&entry, 1, milliseconds) > 0
    }

    /// Waits until any can be read or its other end has gone, at most so long. `nil` keeps its place and is not looked at.
    ///
    /// - Returns: the places of those that can be read.
    package static func waitForAny(of files: [FileDescriptor?], milliseconds: Int32) -> [Int] {
        var list = PollList(files)
        return list.wait(milliseconds: milliseconds)
    }
}

/// A list of files that is waited for again and again.
package struct PollList {
    private var entries: [pollfd]

    package init(_ files: [FileDescriptor?]) {
        entries = files.map { pollfd(fd: $0?.rawValue ?? -1, events: Int16(POLLIN), revents: 0) }
    }

    /// The places of those that can be read, at most so long later.
    package mutating func wait(milliseconds: Int32) -> [Int] {
        guard poll(&entries, nfds_t(entries.count), milliseconds) > 0 else { return [] }
        return entries.indices.filter { entries[$0].revents != 0 }
    }
}
