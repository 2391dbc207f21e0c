import Foundation

/// Neighbouring ports for commands that count upwards from one.
enum FreePorts {
    struct NoneFound: Error {}

    /// The first of `count` ports in a row that nobody has now, below those that the system gives out by itself.
    static func first(of count: Int) throws -> Int {
        for _ in 0..<200 {
            let base = Int.random(in: 10_000..<30_000)
            if (base..<base + count).allSatisfy(isFree) { return base }
        }
        throw NoneFound()
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        address.sin_port = in_port_t(port).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
