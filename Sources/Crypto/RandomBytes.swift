/// Unpredictable bytes for keys, tokens and identities.
public enum RandomBytes {
    /// Takes that many bytes from the kernel's random generator (`getrandom`), which never runs dry and never repeats.
    public static func make(count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            withUnsafeBytes(of: generator.next() as UInt64) { bytes.append(contentsOf: $0.prefix(count - bytes.count)) }
        }
        return bytes
    }
}
