internal import CCrash
internal import Platform

/// What happens when a store fails where no error can be returned: LMDB reads its file through a map, so a page that the disk
/// cannot give (a bad sector, a file that was cut off while it is open) is a signal, and a page that was changed under it may be an
/// assertion or a stray address.
public enum StoreFaults {
    // Unsafe: all five are written before a handler can run and before the first store is opened, and only read afterwards.
    nonisolated(unsafe) private static var exitCode: Int32 = 0
    /// The path of the store that was opened first, as the handler writes it: a handler must not allocate. Kept for good.
    nonisolated(unsafe) private static var path = UnsafeRawBufferPointer(start: nil, count: 0)
    /// Where LMDB's code is.
    nonisolated(unsafe) private static var library: Range<UInt> = 0..<0
    /// What took these signals before, and takes those that do not come of a store.
    // On the heap: for a global of this type, Swift 6.3 sets aside 8 bytes less than the structure has, and sigaction(2) would write what
    // took the signal before into the global behind it.
    nonisolated(unsafe) private static let others = (
        bus: UnsafeMutablePointer<sigaction>.allocate(capacity: 1), stray: UnsafeMutablePointer<sigaction>.allocate(capacity: 1)
    )

    /// From now on such a failure ends this process with `code` and one sentence on standard error that begins with `podoru: `.
    /// What else such a signal comes of (a fault of another kind, somebody's kill(2)) goes to whoever took it before.
    /// For commands, before they open a store; a library leaves signals to its host.
    public static func endInWords(exitCode code: Int32) {
        exitCode = code
        library = MemoryRanges.ofLibrary() ?? library
        // Made now: not in a handler.
        _ = (dataFile, lockFile)
        _ = podoru_crash_take_signal(
            SIGBUS,
            { number, info, _ in
                // Without /proc nothing tells whose page it is; a map of another file is rarer than a store.
                let address = podoru_crash_fault_address(info)
                if address != 0, podoru_crash_is_mapped(address, StoreFaults.dataFile, StoreFaults.lockFile) != 0, !StoreFaults.path.isEmpty
                {
                    StoreFaults.end("cannot be read any more: it was cut off while it was open, or its disk fails")
                }
                podoru_crash_hand_signal_on(number, info, StoreFaults.others.bus)
            }, others.bus)
        _ = podoru_crash_take_signal(
            SIGSEGV,
            { number, info, context in
                if podoru_crash_is_fault(info) != 0, StoreFaults.library.contains(podoru_crash_interrupted_instruction(context)) {
                    StoreFaults.end(StoreFaults.impossiblePage)
                }
                podoru_crash_hand_signal_on(number, info, StoreFaults.others.stray)
            }, others.stray)
    }

    // Unsafe: never changed. LMDB's own names, as C strings that live for ever.
    nonisolated(unsafe) private static let dataFile = Environment.dataFile.keptCString
    // Unsafe: likewise.
    nonisolated(unsafe) private static let lockFile = Environment.lockFile.keptCString

    private static let impossiblePage: StaticString = "is damaged: LMDB met a page that cannot be right"

    /// Notes the file that the sentence names.
    static func opened(_ file: String) {
        guard exitCode != 0, path.isEmpty else { return }
        let bytes = Array(file.utf8)
        let kept = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        kept.copyBytes(from: bytes)
        path = UnsafeRawBufferPointer(kept)
    }

    /// LMDB's last word before it aborts the process.
    static let assertion: @convention(c) (OpaquePointer?, UnsafePointer<CChar>?) -> Void = { _, _ in
        if StoreFaults.exitCode != 0 { StoreFaults.end(impossiblePage) }
    }

    /// Only calls that a signal handler may make.
    private static func end(_ what: StaticString) {
        put("podoru: the store at ")
        podoru_crash_say(path.baseAddress, path.count)
        put(" ")
        put(what)
        put("; look at the disk (dmesg, smartctl), check the store with `podoru verify`, ")
        put("and put a copy made by `podoru backup` in its place\n")
        podoru_crash_exit(exitCode)
    }

    private static func put(_ text: StaticString) {
        podoru_crash_say(text.utf8Start, text.utf8CodeUnitCount)
    }
}
