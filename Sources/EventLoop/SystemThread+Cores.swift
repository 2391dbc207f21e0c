internal import CUV
public import Platform

extension SystemThread {
    /// Cores that this process may use, as libuv counts them: fewer than the machine has under `taskset` or a cpuset.
    public static var usableCores: Int { Int(uv_available_parallelism()) }
}
