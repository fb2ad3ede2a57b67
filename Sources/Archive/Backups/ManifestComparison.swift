import Model

/// What a manifest says against what was found.
struct ManifestComparison {
    private let manifest: BackupManifest
    private let subject: String

    init(_ manifest: BackupManifest, subject: String) {
        self.manifest = manifest
        self.subject = subject
    }

    /// Compares all figures of the database.
    func compare(_ found: BackupManifest.Content) throws(ArchiveError) {
        var found = found
        found.hashConfirmed = manifest.content.hashConfirmed
        let (wanted, actual) = (manifest.content.encoded, found.encoded)
        for field in BackupManifest.Content.fields {
            let (left, right) = (wanted[field.name] ?? .null, actual[field.name] ?? .null)
            try require(field.name, left.json, right.json)
        }
    }

    /// Compares one figure.
    func require(_ what: String, _ wanted: String, _ found: String) throws(ArchiveError) {
        guard wanted == found else {
            throw ArchiveError(
                .contradiction, subject, "the manifest says \(what) \(wanted), the file has \(found)")
        }
    }
}
