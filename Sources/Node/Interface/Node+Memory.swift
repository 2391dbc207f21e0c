internal import Dispatch
internal import EventLoop

extension Node {
    /// Gives memory that was freed back to the system, soon and on a thread of its own. For who has just freed much of it.
    public func releaseFreedMemory() {
        DispatchQueue.global(qos: .utility).async { SystemMemory.trim() }
    }
}
