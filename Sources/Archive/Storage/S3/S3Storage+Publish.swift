import Crypto
import Glibc
import Model
import Transport

extension S3Storage {
    /// Sends a staged file up, in one request or in parts, and looks at what has arrived.
    ///
    /// If it fails in the middle of the parts, the same file can be published again and only what is missing is sent.
    ///
    /// - Throws: `ArchiveError`.
    public func publish(_ file: StagingFile, as key: ObjectKey) async throws -> StoredObject {
        try await telling(subject(key)) {
            let source = try StagedBytes(path: file.path, byteCount: file.byteCount)
            if source.byteCount <= options.partByteCount {
                try await sendWhole(source, as: key)
            } else {
                try await PartedUpload(storage: self, source: source, key: key).run()
            }
            // Only now: a file whose note is gone but which is still there belongs to nobody's upload.
            file.discard()
            return StoredObject(key: key, byteCount: source.byteCount, modified: .now)
        }
    }

    private func sendWhole(_ source: StagedBytes, as key: ObjectKey) async throws {
        let token = Self.newToken()
        var request = S3Request("PUT", place.name(of: key))
        request.setBody(try source.read(0..<source.byteCount))
        request.headers.append((Self.tokenField, token))
        request.headers.append(("x-amz-meta-lodestone-sha256", request.digest))
        try await onlyIfFree(key, request) { _ = try await put($0) }
        try await confirm(key, token, source.byteCount)
    }

    /// Makes a request that writes an object, on the condition that there is none of that name.
    func onlyIfFree(_ key: ObjectKey, _ request: S3Request, _ send: (S3Request) async throws -> Void) async throws {
        if !lacksConditions.isSet {
            do {
                var request = request
                request.headers.append(("If-None-Match", "*"))
                return try await send(request)
            } catch let failure as S3Failure where failure.isUnsupported {
                lacksConditions.set()
            } catch let failure as S3Failure where failure.isConditionFailed {
                // Our own, whose answer was lost; `confirm` tells that from another writer's.
                return
            }
        }
        guard try await client.head(place.name(of: key)) == nil else { return }
        try await send(request)
    }

    /// Sends a body, with the digests that the bucket wants.
    func put(_ request: S3Request) async throws -> HTTPClientResponse {
        var request = request
        if wantsMD5.isSet { _ = request.addMD5() }
        do {
            return try await client.send(request)
        } catch let failure as S3Failure where failure.asksForMD5 {
            guard request.addMD5() else { throw failure }
            wantsMD5.set()
            return try await client.send(request)
        }
    }

    /// Looks at what is stored, and whether it is what this writer has sent.
    func confirm(_ key: ObjectKey, _ token: String, _ byteCount: Int) async throws {
        guard let head = try await client.head(place.name(of: key)) else {
            throw ArchiveError(.storageUnavailable, subject(key), "the object is not there after it was written")
        }
        guard head.header(Self.tokenField) == token else { throw alreadyThere(key) }
        guard head.header("content-length").flatMap({ Int($0) }) == byteCount else {
            throw ArchiveError(
                .storageUnavailable, subject(key),
                "\(head.header("content-length") ?? "?") bytes are stored of \(byteCount) that were sent")
        }
    }

    /// Something no other writer comes up with.
    static func newToken() -> String { Hex.encode(RandomBytes.make(count: 16)) }
}

/// The bytes of a staged file by range.
final class StagedBytes: Sendable {
    /// The path of the file.
    let path: String
    /// The size of the file.
    let byteCount: Int
    private let descriptor: Int32

    init(path: String, byteCount: Int) throws(ArchiveError) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw .system("opening", path, errno: errno) }
        self.path = path
        self.byteCount = byteCount
    }

    deinit { close(descriptor) }

    /// The bytes of a range, all of them.
    func read(_ range: Range<Int>) throws(ArchiveError) -> [UInt8] {
        var code: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            while count < range.count {
                let rest = UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[count...]))
                let got = pread(descriptor, rest.baseAddress, range.count - count, off_t(range.lowerBound + count))
                if got < 0, errno == EINTR { continue }
                guard got > 0 else {
                    code = got < 0 ? errno : EIO
                    return
                }
                count += got
            }
        }
        guard code == 0 else { throw .system("reading", path, errno: code) }
        return bytes
    }
}
