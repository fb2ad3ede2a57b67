import Glibc

/// One message of a server, in memory of its own, to be decoded in place.
///
/// The bytes lie in one allocation that ends with the object. They are reachable only inside a closure, because a
/// pointer taken out of an object that is otherwise unused would outlive it.
///
/// `@unchecked Sendable` holds because the bytes are written only by the frame reader that made the object, before
/// anyone else has it, and only read afterwards.
public final class GRPCMessage: @unchecked Sendable {
    /// The size of the message in bytes.
    public let byteCount: Int
    private let base: UnsafeMutableRawPointer

    /// Makes room for a message that the frame reader then fills.
    init(byteCount: Int) {
        self.byteCount = byteCount
        base = .allocate(byteCount: max(byteCount, 1), alignment: 8)
    }

    /// Creates a message from bytes, for servers made of Swift, as tests have them.
    public convenience init(_ bytes: [UInt8]) {
        self.init(byteCount: bytes.count)
        bytes.withUnsafeBytes { fill(from: $0, at: 0) }
    }

    deinit { base.deallocate() }

    /// Copies `bytes` to their place in the message.
    ///
    /// Only for whoever made the object.
    func fill(from bytes: UnsafeRawBufferPointer, at offset: Int) {
        precondition(offset + bytes.count <= byteCount, "a frame has no more bytes than its prefix says")
        if let source = bytes.baseAddress {
            base.advanced(by: offset).copyMemory(from: source, byteCount: bytes.count)
        }
    }

    /// Calls `body` with the bytes; the pointer is invalid afterwards.
    public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        defer { withExtendedLifetime(self) {} }
        return try body(UnsafeRawBufferPointer(start: base, count: byteCount))
    }

    /// Calls `body` with the bytes as a span, whose every access is checked against its bounds.
    public func withSpan<R, Failure: Error>(_ body: (RawSpan) throws(Failure) -> R) throws(Failure) -> R {
        defer { withExtendedLifetime(self) {} }
        return try body(UnsafeRawBufferPointer(start: base, count: byteCount).bytes)
    }
}
