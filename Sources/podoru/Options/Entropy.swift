internal import Primitives
internal import Terminal

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Randomness for secrets, straight from the kernel.
enum Entropy {
    /// `count` bytes of getrandom(2), by way of getentropy(3): it waits until the kernel's pool is seeded, and gives all or
    /// nothing. At most 256.
    static func bytes(_ count: Int) throws(CommandFailure) -> [UInt8] {
        precondition(count <= 256)
        var bytes = [UInt8](repeating: 0, count: count)
        guard bytes.withUnsafeMutableBytes({ getentropy($0.baseAddress, $0.count) }) == 0 else {
            throw CommandFailure(.internalError, "the system gives no random numbers: \(errnoText())")
        }
        return bytes
    }

    /// A new private key.
    static func privateKey() throws(CommandFailure) -> PrivateKey {
        while true {
            let candidate = try bytes(Hash32.byteCount)
            // All but one in 2^127 draws are keys.
            if let key = try? PrivateKey(bytes: candidate) { return key }
        }
    }
}
