internal import CPosix

/// The memory of this process, as the system sees it.
public enum SystemMemory {
    /// Gives the heap's free pages back to the system. Holds up those that allocate meanwhile, for about a millisecond in
    /// ten megabytes: call it seldom, off the threads that answer.
    public static func trim() { podoru_trim_heap() }
}

/// Files that are mapped into this process, and the kernel's list of them.
package enum MappedMemory {
    /// Bytes of a page.
    package static let pageBytes = Int(podoru_page_bytes())

    /// Lets go of pages that can be read from their file again: they count as this process's own no more, and come back when they are
    /// touched (`MADV_DONTNEED`).
    package static func release(_ range: Range<UInt>) {
        _ = madvise(UnsafeMutableRawPointer(bitPattern: range.lowerBound), range.count, MADV_DONTNEED)
    }
}
