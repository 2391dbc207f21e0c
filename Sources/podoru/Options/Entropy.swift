internal import Platform
internal import Primitives
internal import SystemPackage
internal import Terminal

/// Randomness for secrets, straight from the kernel.
enum Entropy {
    /// `count` bytes of getrandom(2), by way of getentropy(3): it waits until the kernel's pool is seeded, and gives all or
    /// nothing. At most 256.
    static func bytes(_ count: Int) throws(CommandFailure) -> [UInt8] {
        precondition(count <= 256)
        var bytes = [UInt8](repeating: 0, count: count)
        do throws(Errno) {
            try ThisProcess.fillWithEntropy(&bytes)
        } catch {
            throw CommandFailure(.internalError, "the system gives no random numbers: \(error)")
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
