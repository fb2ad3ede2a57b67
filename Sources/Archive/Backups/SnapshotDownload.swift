import Crypto
import Etcd
import Glibc
import Model
import Threads

/// A member's snapshot on its way into a file, proven as it comes: for what is made of it at once, and kept nowhere.
public struct SnapshotDownload: Sendable {
    /// Where the file goes; a former one of the name is replaced once the new one is whole.
    private let path: String
    /// How the member is called in messages.
    private let subject: String

    /// Makes a download into a file.
    public init(to path: String, from subject: String) {
        self.path = path
        self.subject = subject
    }

    /// Receives the snapshot, checks the member's SHA-256, reads the figures and gives the file its name.
    ///
    /// Works on a thread of its own.
    ///
    /// - Throws: `ArchiveError`; what `pieces` throws; `CancellationError`. Nothing is left at the path then.
    public func receive<Pieces: AsyncSequence & Sendable>(
        _ pieces: Pieces, etcdVersion: String, progress: @escaping @Sendable (Int, Int) -> Void
    ) async throws -> SnapshotFigures where Pieces.Element: SnapshotPiece {
        try await BlockingTask.run {
            let draft = "\(path).part"
            defer { unlink(draft) }
            let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard descriptor >= 0 else { throw ArchiveError.system("creating a file", draft, errno: errno) }
            defer { close(descriptor) }
            var digest = SnapshotDigest()
            for try await piece in pieces where piece.byteCount > 0 {
                let expected = digest.byteCount + piece.byteCount + Int(clamping: piece.remainingBytes)
                try piece.withBytes { bytes in
                    let code = FileTree.write(bytes, to: descriptor)
                    guard code == 0 else {
                        throw ArchiveError.system("writing \(bytes.count) bytes", draft, errno: code)
                    }
                    digest.update(bytes)
                }
                progress(digest.byteCount, max(expected, digest.byteCount))
            }
            try Task.checkCancellation()
            try digest.prove(subject)
            let figures = try figures(of: draft, etcdVersion)
            guard rename(draft, path) == 0 else {
                throw ArchiveError.system("giving the snapshot its name", path, errno: errno)
            }
            return figures
        }
    }

    private func figures(of draft: String, _ etcdVersion: String) throws -> SnapshotFigures {
        do throws(DatabaseError) {
            return try SnapshotFigures(of: draft, etcdVersion: etcdVersion)
        } catch {
            if error.code == .cancelled { throw CancellationError() }
            throw ArchiveError(error, subject)
        }
    }
}
