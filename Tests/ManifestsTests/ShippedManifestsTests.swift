import Manifests
import Model
import TestSupport
import Testing

/// What users are given to apply must be valid, whatever becomes of the records' fields.
struct ShippedManifestsTests {
    private static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" } + "/manifests"

    @Test("Every manifest that is shipped is valid", arguments: ["samples", "quickstart"])
    func valid(folder: String) throws {
        let names = directoryEntries("\(Self.root)/\(folder)").filter { $0.hasSuffix(".yaml") }
        #expect(!names.isEmpty)
        for name in names {
            let text = try #require(readTextFile("\(Self.root)/\(folder)/\(name)"))
            let manifests = try ManifestReader.read([ManifestSource(file: name, bytes: Array(text.utf8))])
            #expect(!manifests.isEmpty)
        }
    }

    @Test("There is a sample of every kind that people declare")
    func everyKind() throws {
        var kinds: Set<String> = []
        for name in directoryEntries("\(Self.root)/samples") where name.hasSuffix(".yaml") {
            let text = try #require(readTextFile("\(Self.root)/samples/\(name)"))
            kinds.formUnion(
                try ManifestReader.read([ManifestSource(file: name, bytes: Array(text.utf8))]).map(\.kind.kind.name))
        }
        #expect(kinds.isSuperset(of: ["EtcdCluster", "EtcdInspection", "EtcdBackup", "Secret"]))
    }
}
