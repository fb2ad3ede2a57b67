import Model
import Transport

/// A staged file on its way into a bucket in parts.
///
/// A part that has arrived is never sent again, however often the upload is begun anew: the note beside the file names
/// the upload, and the storage lists its parts. Each part goes with its SHA-256, which the server compares, and the
/// completion names the tags of exactly those parts.
struct PartedUpload {
    let storage: S3Storage
    let source: StagedBytes
    let key: ObjectKey

    /// The longest a server may be silent while it puts the parts together.
    private static let completionSilence: Duration = .seconds(120)

    private var client: S3Client { storage.client }
    private var name: String { storage.place.name(of: key) }
    private var journal: UploadJournal { UploadJournal(besides: source.path) }

    /// Sends what is missing and completes the upload.
    func run() async throws {
        var (entry, tags): (UploadJournal.Entry, [Int: String])
        if let begun = try await resume() {
            (entry, tags) = begun
        } else {
            (entry, tags) = (try await begin(), [:])
        }
        do {
            try await send(entry, &tags)
        } catch let failure as S3Failure where failure.isNotFound {
            // Ended by a rule of the bucket or by a person; the next attempt begins a new one.
            journal.remove()
            throw ArchiveError(.storageUnavailable, storage.subject(key), "the upload was ended by somebody else")
        }
        do {
            try await complete(entry, tags)
        } catch let error as ArchiveError where error.code == .exists {
            await abandon(entry)
            throw error
        }
        journal.remove()
    }

    private func begin() async throws -> UploadJournal.Entry {
        var entry = UploadJournal.Entry()
        entry.name = name
        entry.token = S3Storage.newToken()
        entry.byteCount = Int64(source.byteCount)
        entry.partByteCount = Int64(storage.options.partByteCount(for: source.byteCount))
        var request = S3Request("POST", name, query: ["uploads": ""])
        request.headers.append((S3Storage.tokenField, entry.token))
        let answer = try await client.document(request)
        guard let id = answer["UploadId"], !id.isEmpty else {
            throw S3Failure(.malformed("the storage began an upload without naming it"))
        }
        entry.uploadID = id
        // Until this is written no part leaves, so an upload nobody remembers holds no bytes.
        try journal.write(entry)
        return entry
    }

    /// The upload that an earlier attempt has begun, with the tags of the parts that have arrived.
    private func resume() async throws -> (UploadJournal.Entry, [Int: String])? {
        guard let entry = journal.read(), entry.name == name, entry.byteCount == Int64(source.byteCount) else {
            return nil
        }
        do {
            var tags: [Int: String] = [:]
            for part in try await S3Listing(client: client).parts(of: entry.uploadID, name)
            where part.byteCount == range(of: part.number, entry).count {
                tags[part.number] = part.tag
            }
            return (entry, tags)
        } catch let failure as S3Failure where failure.isNotFound {
            return nil
        }
    }

    private func send(_ entry: UploadJournal.Entry, _ tags: inout [Int: String]) async throws {
        let count = (source.byteCount + Int(entry.partByteCount) - 1) / Int(entry.partByteCount)
        var missing = (1...count).filter { tags[$0] == nil }[...]
        try await withThrowingTaskGroup(of: (Int, String).self) { group in
            func sendNext() {
                guard let number = missing.popFirst() else { return }
                group.addTask { (number, try await send(part: number, entry)) }
            }
            for _ in 0..<max(storage.options.partsAtOnce, 1) { sendNext() }
            while let (number, tag) = try await group.next() {
                tags[number] = tag
                sendNext()
            }
        }
    }

    private func send(part number: Int, _ entry: UploadJournal.Entry) async throws -> String {
        var request = S3Request("PUT", name, query: ["partNumber": "\(number)", "uploadId": entry.uploadID])
        request.setBody(try source.read(range(of: number, entry)))
        guard let tag = try await storage.put(request).header("etag"), !tag.isEmpty else {
            throw S3Failure(.malformed("the storage took a part without naming it"))
        }
        return tag
    }

    private func complete(_ entry: UploadJournal.Entry, _ tags: [Int: String]) async throws {
        var request = S3Request("POST", name, query: ["uploadId": entry.uploadID])
        let parts = tags.sorted { $0.key < $1.key }.map { number, tag in
            "<Part><PartNumber>\(number)</PartNumber><ETag>\(XMLNode.escaped(tag))</ETag></Part>"
        }
        request.setBody(Array("<CompleteMultipartUpload>\(parts.joined())</CompleteMultipartUpload>".utf8))
        request.silence = Self.completionSilence
        // Servers that do not know the condition on a completion pass over it, so the key is looked at in any case.
        if let head = try await client.head(name), head.header(S3Storage.tokenField) != entry.token {
            throw storage.alreadyThere(key)
        }
        do {
            try await storage.onlyIfFree(key, request) { _ = try await client.document($0) }
        } catch let failure as S3Failure where failure.isNotFound || failure.isTransient {
            // The answer to a completion may have been lost: what is stored decides.
            guard try await client.head(name)?.header(S3Storage.tokenField) == entry.token else { throw failure }
        }
        try await storage.confirm(key, entry.token, source.byteCount)
    }

    /// Ends an upload that came too late; if that fails, the note lets it be ended later.
    private func abandon(_ entry: UploadJournal.Entry) async {
        do {
            _ = try await client.send(S3Request("DELETE", name, query: ["uploadId": entry.uploadID]))
            journal.remove()
        } catch {
            return
        }
    }

    private func range(of number: Int, _ entry: UploadJournal.Entry) -> Range<Int> {
        let start = (number - 1) * Int(entry.partByteCount)
        return min(start, source.byteCount)..<min(start + Int(entry.partByteCount), source.byteCount)
    }
}
