import Foundation

/// What /proc says of it (proc(5)); 0 once it is gone.
extension TestProcess {
    /// Bytes of memory that it has in use.
    public var residentBytes: Int { status("VmRSS:") * 1024 }

    /// Bytes of its own: without the pages of the program and the store, which are the system's to keep or drop.
    public var privateBytes: Int { status("RssAnon:") * 1024 }

    private func status(_ name: String) -> Int {
        let text = (try? String(contentsOfFile: "/proc/\(processIdentifier)/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
        return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0
    }

    /// Seconds of processor time that it has used.
    public var processorTime: Double {
        let text = (try? String(contentsOfFile: "/proc/\(processIdentifier)/stat", encoding: .utf8)) ?? ""
        // User and system time are the 14th and 15th field, in ticks; the second, a name in parentheses, may hold spaces.
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        guard fields.count > 13 else { return 0 }
        return ((Double(fields[12]) ?? 0) + (Double(fields[13]) ?? 0)) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Descriptors that it has open.
    public var openFiles: Int { (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(processIdentifier)/fd").count) ?? 0 }
}
