/// 64 bits over a record, to tell a record that the disk or memory has changed. Not cryptographic: what an attacker
/// could gain by it, the hashes of the ledger prevent. Two multiplications for 16 bytes, several GB/s.
enum Checksum {
    static let byteCount = 8

    // Odd constants with as many ones as zeros: the first hexadecimal digits of the fractions of π and e, made odd.
    private static let pi: UInt64 = 0x243F_6A88_85A3_08D3
    private static let e: UInt64 = 0xB7E1_5162_8AED_2A6B

    /// The checksum of `bytes` under `salt`, which names the record's place: a record in another's place is wrong too.
    static func of(_ bytes: UnsafeRawBufferPointer, salt: UInt64) -> UInt64 {
        var state = mix(salt ^ pi, UInt64(bytes.count) ^ e)
        var offset = 0
        while offset + 16 <= bytes.count {
            let low = bytes.little(UInt64.self, at: offset)
            let high = bytes.little(UInt64.self, at: offset + 8)
            state = mix(state ^ low, high ^ e) &+ state.rotatedLeft
            offset += 16
        }
        var tail: (UInt64, UInt64) = (0, 0)
        withUnsafeMutableBytes(of: &tail) { target in
            target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset...]))
        }
        return mix(state ^ UInt64(littleEndian: tail.0) ^ pi, UInt64(littleEndian: tail.1) ^ state.rotatedLeft)
    }

    /// Folds the 128-bit product of both.
    private static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let (high, low) = a.multipliedFullWidth(by: b)
        return high ^ low
    }
}

extension UInt64 {
    fileprivate var rotatedLeft: UInt64 { self << 23 | self >> 41 }
}
