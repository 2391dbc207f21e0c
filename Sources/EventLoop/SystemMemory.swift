internal import CUV

/// The memory of this process, as the system sees it.
public enum SystemMemory {
    /// Gives the heap's free pages back to the system. Holds up those that allocate meanwhile, for about a millisecond in
    /// ten megabytes: call it seldom, off the threads that answer.
    public static func trim() { podoru_uv_trim_heap() }
}
