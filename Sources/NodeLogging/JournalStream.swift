internal import Platform
internal import SystemPackage

/// Whether what this process writes goes to systemd's journal, which adds the time itself and reads `<N>` before a line as its priority
/// (sd-daemon(3)).
public enum JournalStream {
    /// Whether `descriptor` is the stream that `JOURNAL_STREAM` names. A process that inherits the variable and has its standard error
    /// sent to a file must not write for the journal.
    public static func isBehind(_ descriptor: Int32) -> Bool {
        guard let variable = ProcessVariables["JOURNAL_STREAM"], let status = try? FileDescriptor(rawValue: descriptor).status() else {
            return false
        }
        return names(variable, device: UInt64(status.deviceID.rawValue), inode: UInt64(status.inode.rawValue))
    }

    /// - Parameter value: `device:inode`, both decimal.
    static func names(_ value: String, device: UInt64, inode: UInt64) -> Bool {
        value == "\(device):\(inode)"
    }
}
