import Model

extension BackupManifest {
    /// The document as it is stored: indented, with a line break at its end.
    var bytes: [UInt8] { Array("\(encoded.prettyJSON)\n".utf8) }

    /// Reads a stored document.
    ///
    /// - Throws: `ArchiveError` with the code `invalidManifest` and everything that is wrong with it.
    init(bytes: [UInt8], subject: String) throws(ArchiveError) {
        var document: Value
        do throws(JSONError) {
            document = try Value(json: bytes)
        } catch {
            throw ArchiveError(.invalidManifest, subject, "the manifest is not valid JSON: \(error)")
        }
        switch document["formatVersion"]?.integer {
        case 1: document = Self.upgraded(document)
        case let format? where format != Int64(Self.currentFormat):
            throw ArchiveError(
                .invalidManifest, subject,
                "the manifest has format \(format), this program knows formats 1 and \(Self.currentFormat)")
        default: break
        }
        var decoding = Decoding()
        guard let manifest = Self.decode(document, &decoding), decoding.problems.isEmpty else {
            let problems = decoding.problems.map(\.description).joined(separator: "; ")
            throw ArchiveError(.invalidManifest, subject, "the manifest is wrong: \(problems)")
        }
        self = manifest
    }

    /// A document of format 1, which knew no other form than the file itself, as one of format 2.
    private static func upgraded(_ old: Value) -> Value {
        var document = old
        document["formatVersion"] = 2
        guard var file = old["file"], old["stored"] == nil else { return document }
        document["stored"] = .object([
            "name": file["name"] ?? .null, "size": file["size"] ?? .null, "sha256": file["sha256"] ?? .null,
            "compression": .string(BackupCompression.none.rawValue),
        ])
        file["name"] = nil
        document["file"] = file
        return document
    }
}
