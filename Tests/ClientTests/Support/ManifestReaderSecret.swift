import Manifests
import Model
import TestSupport

/// A Secret out of the text of a manifest.
enum ManifestReaderSecret {
    static func read(_ text: String) throws -> Secret {
        let manifests = try ManifestReader.read([ManifestSource(file: "secret", bytes: Array(text.utf8))])
        guard let manifest = manifests.first else { throw TestSupportError("there is no Secret") }
        return try Secret(document: manifest.normalised)
    }
}
