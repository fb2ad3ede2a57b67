import Crypto
import Model
import TestSupport
import Testing

@testable import Archive

/// Manifests that earlier versions of this program wrote.
@Suite(.timeLimit(.minutes(10)))
struct ManifestFormatTests {
    /// A manifest of format 1, as the first release wrote it.
    private static let formatOne = """
        {
          "formatVersion": 1,
          "name": "20261121081500-orders-1-0a1b2c3d",
          "cluster": {
            "namespace": "default",
            "name": "orders",
            "incarnation": "8e9e05c5",
            "id": "cdf818a4"
          },
          "member": {
            "name": "orders-0",
            "id": "8e9e05c5",
            "endpoint": "http://127.0.0.1:2379"
          },
          "etcdVersion": "3.4.23",
          "content": {
            "revision": 33,
            "compactRevision": 12,
            "liveKeys": 10,
            "records": 24,
            "tombstones": 1,
            "leases": 0,
            "authEnabled": false,
            "hashKV": 4294967295,
            "hashConfirmed": false
          },
          "file": {
            "name": "snapshot.db",
            "size": 20512,
            "sha256": "aa",
            "trailer": "bb"
          },
          "started": "2026-11-21T08:15:00.250Z",
          "finished": "2026-11-21T08:15:04Z",
          "writer": "lodestone 0.1.0"
        }
        """

    @Test("A manifest of format 1 is read: its file is its object")
    func formatOne() throws {
        let manifest = try BackupManifest(bytes: Array(Self.formatOne.utf8), subject: "b1")
        #expect(manifest.formatVersion == 2)
        #expect(manifest.name == "20261121081500-orders-1-0a1b2c3d" && manifest.writer == "lodestone 0.1.0")
        #expect(manifest.content.revision == 33 && manifest.content.hashKV == 4_294_967_295)
        #expect(manifest.file.size == 20_512 && manifest.file.sha256 == "aa" && manifest.file.trailer == "bb")
        #expect(manifest.stored.name == "snapshot.db" && manifest.stored.isPlain)
        #expect(manifest.stored.size == 20_512 && manifest.stored.sha256 == "aa")
        #expect(try BackupManifest(bytes: manifest.bytes, subject: "b1") == manifest)
    }

    @Test("A backup of format 1 is listed, proven and fetched")
    func backupOfFormatOne() async throws {
        try await withArchive { setting in
            let bytes = setting.snapshot.bytes
            let manifest = try await setting.pipeline.run(setting.id, from: origin, pieces(of: bytes))
            var old = manifest.encoded
            old["formatVersion"] = 1
            old["stored"] = nil
            var file = try #require(old["file"])
            file["name"] = "snapshot.db"
            old["file"] = file
            try writeFile(old.jsonBytes, to: "\(setting.home)/manifest.json")
            #expect(try await setting.archive.backups(of: orders).backups == [manifest])
            try await setting.archive.verify(setting.id)
            let path = "\(setting.root)-fetched"
            try await setting.archive.fetch(setting.id, to: path)
            #expect(try readFile(path) == bytes)
        }
    }

    @Test(
        "A manifest that cannot be of its format is refused",
        arguments: [
            (#""formatVersion": 1"#, #""formatVersion": 3"#), (#""name": "snapshot.db","#, ""),
            (#""writer""#, #""stored": {"name": "x"}, "writer""#),
            (#""formatVersion": 1"#, #""formatVersion": 2"#), (#""formatVersion": 1,"#, ""),
        ])
    func refused(text: String, replacement: String) {
        let document = Self.formatOne.replacing(text, with: replacement)
        let error = #expect(throws: ArchiveError.self) {
            try BackupManifest(bytes: Array(document.utf8), subject: "b1")
        }
        #expect(error?.code == .invalidManifest)
    }
}
