internal import CUV

/// What the kernel knows of its clock.
public enum KernelClock {
    /// Whether something like chrony or systemd-timesyncd keeps it in step; `nil` when the kernel does not say, as in some
    /// containers.
    public static var isSynchronised: Bool? {
        let answer = podoru_uv_clock_is_synchronised()
        return answer < 0 ? nil : answer == 1
    }
}
