import Crypto
import Threads

extension BackupPipeline {
    /// The file that takes the plain bytes: the one that will be stored, if it is stored plain.
    enum Landing {
        case staged(StagingFile)
        case scratch(ScratchFile)

        var path: String {
            switch self {
            case .staged(let file): file.path
            case .scratch(let file): file.path
            }
        }

        var byteCount: Int {
            switch self {
            case .staged(let file): file.byteCount
            case .scratch(let file): file.byteCount
            }
        }

        func reserve(_ byteCount: Int) throws(ArchiveError) {
            switch self {
            case .staged(let file): try file.reserve(byteCount)
            case .scratch(let file): try file.reserve(byteCount)
            }
        }

        func append(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
            switch self {
            case .staged(let file): try file.append(bytes)
            case .scratch(let file): try file.append(bytes)
            }
        }
    }

    /// How many bytes are given over at once: enough that the two threads seldom wait for each other.
    private static let batchSize = 1 << 20
    /// How many batches may wait: what a busy machine's scheduler takes from one thread must not stop the other.
    static let batches = 24

    /// Takes the pieces as they come: hashes them, writes them down, and gives them over to be transformed.
    func receive<Pieces: AsyncSequence & Sendable>(
        _ pieces: Pieces, into landing: Landing, _ handover: Handover<[Pieces.Element]>, _ id: BackupID,
        _ progress: @escaping @Sendable (BackupProgress) -> Void
    ) async throws -> SnapshotDigest where Pieces.Element: SnapshotPiece {
        let meter = ProgressMeter()
        let patience = patience
        let isTransformed = !form.isPlain
        return try await withThrowingTaskGroup(of: SnapshotDigest?.self) { group in
            group.addTask {
                var digest = SnapshotDigest()
                var expected = 0
                var batch: [Pieces.Element] = []
                var batched = 0
                func giveOver() async throws {
                    guard !batch.isEmpty else { return }
                    meter.hold()
                    try await handover.send(batch)
                    meter.advance()
                    (batch, batched) = ([], 0)
                }
                for try await piece in pieces where piece.byteCount > 0 {
                    if expected == 0 {
                        expected = piece.byteCount + Int(clamping: piece.remainingBytes) + SHA256.byteCount
                        try landing.reserve(expected)
                    }
                    try piece.withBytes { bytes in
                        try landing.append(bytes)
                        digest.update(bytes)
                    }
                    meter.advance()
                    batched += piece.byteCount
                    if isTransformed { batch.append(piece) }
                    guard batched >= Self.batchSize else { continue }
                    let received = digest.byteCount
                    progress(BackupProgress(phase: .receiving, received: received, expected: max(expected, received)))
                    try await giveOver()
                    batched = 0
                }
                try await giveOver()
                return digest
            }
            group.addTask {
                try await meter.waitForStall(patience)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let digest = first else {
                throw ArchiveError(
                    .stalled, id.description,
                    "nothing arrived for \(patience) after \(landing.byteCount) bytes, though the stream is open")
            }
            return digest
        }
    }

    /// Brings what is given over into the stored form, on a thread of its own, and has the disk take it.
    ///
    /// Returns the SHA-256 of the stored bytes; nil if they are the plain ones, which others hash and write.
    func store<Piece: SnapshotPiece>(
        _ handover: Handover<[Piece]>, as object: ObjectKey, _ staged: StagingFile
    ) async throws -> [UInt8]? {
        let form = form
        return try await BlockingTask.run {
            do {
                let writer = form.isPlain ? nil : FormWriter(form, identity: object.description, into: staged)
                while let batch = try await handover.next() {
                    for piece in batch { try piece.withBytes { try writer?.write($0) } }
                }
                let digest = try writer?.finish()
                try staged.synchronize()
                return digest
            } catch {
                handover.fail(error)
                throw error
            }
        }
    }
}
