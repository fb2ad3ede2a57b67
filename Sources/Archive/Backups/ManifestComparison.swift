import Crypto
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

    /// Compares what is said of the plain file.
    func compareFile(size: Int, sha256: String, trailer: [UInt8]?) throws(ArchiveError) {
        try require("size", String(manifest.file.size), String(size))
        try require("SHA-256", manifest.file.sha256, sha256)
        if !manifest.file.trailer.isEmpty {
            try require("trailer", manifest.file.trailer, Hex.encode(trailer ?? []))
        }
        guard manifest.stored.isPlain else { return }
        // The object is the file itself; who reads it as an object compares these two.
        try require("stored size", String(manifest.stored.size), String(size))
        try require("stored SHA-256", manifest.stored.sha256, sha256)
    }

    /// Compares one figure.
    func require(_ what: String, _ wanted: String, _ found: String) throws(ArchiveError) {
        guard wanted == found else {
            throw ArchiveError(
                .contradiction, subject, "the manifest says \(what) \(wanted), the file has \(found)")
        }
    }
}
