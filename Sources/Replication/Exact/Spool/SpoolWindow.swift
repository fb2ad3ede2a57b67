import Etcd
import Glibc

/// The part of a segment that is in memory: frames are found in it, and it moves on.
struct SpoolWindow: ~Copyable {
    private static let byteCount = 256 << 10

    private let descriptor: Int32
    private let path: String
    private var buffer: UnsafeMutableRawBufferPointer
    /// Where the bytes of the buffer lie in the file.
    private var start = 0
    private var count = 0

    /// Makes a window on an open file, which stays the caller's.
    init(_ descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
        buffer = .allocate(byteCount: Self.byteCount, alignment: 8)
    }

    deinit { buffer.deallocate() }

    /// The frame at `offset`, nil if there is no whole one before `limit`.
    mutating func frame(at offset: Int, limit: Int) throws(ReplicationError) -> SpoolFrame.Header? {
        var needed = SpoolFrame.headerByteCount
        while offset + needed <= limit {
            if offset < start || offset + needed > start + count { try load(offset, needed, limit) }
            do throws(SpoolFrame.Failure) {
                return try SpoolFrame.header(of: bytes(from: offset))
            } catch {
                guard case .short(let more) = error, more > needed else { return nil }
                needed = more
            }
        }
        return nil
    }

    /// The changes of the frame at `offset`, which `frame` has found.
    func changes(_ header: SpoolFrame.Header, at offset: Int) throws(ReplicationError) -> RevisionChanges {
        do {
            return try SpoolFrame.changes(header, in: bytes(from: offset))
        } catch {
            throw SpoolSegment.damaged(path, "revision \(header.revision) cannot be read (\(error))")
        }
    }

    private func bytes(from offset: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: buffer[(offset - start)..<count])
    }

    private mutating func load(_ offset: Int, _ needed: Int, _ limit: Int) throws(ReplicationError) {
        if needed > buffer.count {
            buffer.deallocate()
            buffer = .allocate(byteCount: needed, alignment: 8)
        } else if needed <= Self.byteCount, buffer.count > Self.byteCount {
            // One huge revision must not hold its memory for ever.
            buffer.deallocate()
            buffer = .allocate(byteCount: Self.byteCount, alignment: 8)
        }
        let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, limit - offset)])
        (start, count) = (offset, 0)
        count = try SpoolFile.read(descriptor, into: part, at: offset, path: path)
        guard count >= needed else { throw SpoolSegment.damaged(path, "it is shorter than it was") }
    }
}
