import Glibc
import Model

extension S3Storage {
    /// Ends uploads whose writers are gone and removes their staging files; returns how many things that were.
    ///
    /// An upload of ours is known by the note beside its staging file, and its writer is at work as long as it holds the
    /// lock on that file. An upload without a note here may be another machine's: it is ended only after a day in which
    /// no part of it has arrived.
    ///
    /// - Throws: `ArchiveError`.
    public func removeLeftovers(below prefix: ObjectKey) async throws -> Int {
        try await telling(location) {
            let local = try await removeOwnLeftovers(below: prefix)
            return try await local + endForgottenUploads(below: prefix)
        }
    }

    private func removeOwnLeftovers(below prefix: ObjectKey) async throws -> Int {
        let root = ([staging] + prefix.components).joined(separator: "/")
        var removed = 0
        for file in try FileTree.files(below: root, hidden: true) {
            guard let name = file.components.last, name.hasPrefix(StagingFile.prefix) else { continue }
            let path = ([root] + file.components).joined(separator: "/")
            // A note is dealt with when its file is; one without a file belongs to a writer that gave up.
            let isNote = name.hasSuffix(UploadJournal.suffix)
            let journal = isNote ? UploadJournal(path: path) : UploadJournal(besides: path)
            if isNote, access(journal.stagingPath, F_OK) == 0 { continue }
            let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { continue }
            defer { flock(descriptor, LOCK_UN) }
            if let entry = journal.read() {
                if entry.name.hasPrefix(place.beginning(below: prefix)) { try await end(entry.uploadID, entry.name) }
                removed += 1
            }
            journal.remove()
            if !isNote, unlink(path) == 0 { removed += 1 }
            let directory = String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex))
            FileTree.removeEmptyDirectories(from: directory, upTo: staging)
        }
        return removed
    }

    private func endForgottenUploads(below prefix: ObjectKey) async throws -> Int {
        let listing = S3Listing(client: client)
        let uploads: [S3Listing.Upload]
        do {
            uploads = try await listing.uploads(below: place.beginning(below: prefix))
        } catch let failure as S3Failure where failure.isUnsupported {
            return 0
        }
        var removed = 0
        let oldest = Timestamp.now - options.foreignUploadAge
        for upload in uploads where upload.begun < oldest {
            do {
                let parts = try await listing.parts(of: upload.id, upload.name)
                guard parts.allSatisfy({ $0.modified < oldest }) else { continue }
            } catch let failure as S3Failure where failure.isNotFound {
                continue
            }
            try await end(upload.id, upload.name)
            removed += 1
        }
        return removed
    }

    private func end(_ id: String, _ name: String) async throws {
        do {
            _ = try await client.send(S3Request("DELETE", name, query: ["uploadId": id]))
        } catch let failure as S3Failure where failure.isNotFound {
            // It is complete or ended already.
        }
    }
}
