internal import CUV

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The system's threads, as the pool needs them.
enum PoolThread {
    fileprivate final class Body: Sendable {
        let name: String
        let run: @Sendable () -> Void

        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// Cores that this process may use: fewer than the machine has under `taskset` or a cpuset.
    static var usableCores: Int { Int(uv_available_parallelism()) }

    /// Runs `body` on a new, detached thread with a name of up to 15 bytes; says whether the system had one.
    static func start(_ name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
        // Given to the thread, which releases it; taken back here when no thread came to be.
        let given = Unmanaged.passRetained(Body(name: String(name.prefix(15)), run: body))
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, runPoolThread, given.toOpaque())
        guard code == 0 else {
            given.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    /// The name that `top -H` and debuggers show. glibc has its own function for that outside of POSIX; this file is the same.
    fileprivate static func nameThisThread(_ name: String) {
        let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        var name = name
        name.withUTF8 { _ = write(file, $0.baseAddress, $0.count) }
        close(file)
    }
}

/// The entry of each thread.
private func runPoolThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let body = Unmanaged<PoolThread.Body>.fromOpaque(argument).takeRetainedValue()
    PoolThread.nameThisThread(body.name)
    body.run()
    return nil
}
