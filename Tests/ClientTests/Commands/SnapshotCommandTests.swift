import Archive
import Crypto
import Etcd
import Model
import TestSupport
import Testing

@testable import Client

/// The commands on files of databases, on snapshots of a real etcd.
@Suite(.timeLimit(.minutes(10)))
struct SnapshotCommandTests {
    @Test("A snapshot is shown, proven and compared in every form it may have", arguments: RealEtcd.availableVersions)
    func everything(version: RealEtcd.Version) async throws {
        try await withRealEtcd(version: version) { etcd in
            let directory = etcd.scratchDirectory
            for number in 0..<5 { try await etcd.etcdctl("put", "/registry/pods/p\(number)", "pod \(number)") }
            try await etcd.etcdctl("put", "/registry/leases/l", String(repeating: "x", count: 5000))
            try await etcd.etcdctl("put", "short", "1")
            try await etcd.etcdctl("snapshot", "save", "\(directory)/a.db")
            try await etcd.etcdctl("put", "/registry/pods/p1", "another")
            try await etcd.etcdctl("del", "/registry/pods/p2")
            try await etcd.etcdctl("put", "/registry/pods/new", "1")
            // Written again with the same value: no difference.
            try await etcd.etcdctl("put", "/registry/pods/p3", "pod 3")
            try await etcd.etcdctl("snapshot", "save", "\(directory)/b.db")

            let session = TestSession(in: directory)
            #expect(await session.run("snapshot inspect a.db -o json") == .success, "\(session.errors)")
            let report = try SnapshotReport(session.output)
            #expect(report.checksum == .right && report.keys == 7 && report.revision == 8)
            #expect(report.members.map(\.name).count == 1 && report.compactRevision == nil)
            let pods = try #require(report.prefixes.first { $0.prefix == "/registry/pods/" })
            #expect(pods.keys == 5 && pods.records == 5)
            #expect(report.prefixes.contains { $0.prefix == "(others)" && $0.keys == 1 })
            #expect(report.largestKeys.first?.key == "/registry/leases/l")
            #expect(report.largestKeys.first?.bytes == 5018)
            let summary = try DatabaseFile(path: "\(directory)/a.db").summary()
            #expect(report.hashKV == Int64(summary.hash.hash))

            let text = TestSession(in: directory)
            #expect(await text.run("snapshot inspect a.db --depth 1 --largest 1") == .success)
            #expect(text.output.contains("/registry/") && !text.output.contains("/registry/pods/"))
            #expect(text.output.contains("right: the bytes are those that were saved"))

            let difference = TestSession(in: directory)
            #expect(await difference.run("snapshot diff a.db b.db --exit-code") == .findings)
            #expect(
                difference.output.split(separator: "\n").sorted()
                    == ["+ /registry/pods/new", "- /registry/pods/p2", "~ /registry/pods/p1"])
            #expect(difference.errors.contains("1 only in the first, 1 only in the second, 1 changed, 5 the same"))
            let machine = TestSession(in: directory)
            #expect(await machine.run("snapshot diff a.db b.db -o json") == .success)
            let document = try Value(json: Array(machine.output.utf8))
            #expect(document["differences"]?.array?.count == 3)
            #expect(document[path: "summary", "same"]?.integer == 5)
            let same = TestSession(in: directory)
            #expect(await same.run("snapshot diff a.db a.db --exit-code -o json") == .success)
            #expect(try Value(json: Array(same.output.utf8))["differences"]?.array?.isEmpty == true)
            try await forms(directory, bytes: try readFile("\(directory)/a.db"))
        }
    }

    /// The stored forms, with and without the key, sound and damaged.
    private func forms(_ directory: String, bytes: [UInt8]) async throws {
        let maker = TestSession(in: directory)
        #expect(await maker.run("backup key new --id k1") == .success)
        try writeTextFile("\(directory)/keys.yaml", maker.output)
        let secret = try Secret(document: try #require(try manifest("\(directory)/keys.yaml")))
        let key = try BackupKeyring(secret).current()
        let home = "\(directory)/backups/default/orders/life/b1"
        let pipeline = BackupPipeline(
            storage: try DirectoryStorage(path: "\(directory)/backups"), writer: "test",
            form: StoredForm(compression: .zstd, key: key), scratch: directory)
        let id = BackupID(
            cluster: ClusterIncarnation(namespace: "default", name: "orders", incarnation: "life"), name: "b1")
        _ = try await pipeline.run(
            id,
            from: BackupPipeline.Origin(
                clusterID: 1, memberName: "m0", memberID: 1, endpoint: "http://127.0.0.1:1", etcdVersion: "3.4.23"),
            AsyncStream { continuation in
                continuation.yield(WholeFile(bytes: bytes))
                continuation.finish()
            })
        let stored = "\(home)/snapshot.db.zst.sealed"

        let proven = TestSession(in: directory)
        #expect(await proven.run("snapshot verify --key-file keys.yaml \(stored)") == .success, "\(proven.errors)")
        #expect(proven.output.contains("and all that its manifest says"))
        let plain = TestSession(in: directory)
        #expect(await plain.run("snapshot verify a.db") == .success)
        let compared = TestSession(in: directory)
        #expect(
            await compared.run("snapshot diff a.db \(stored) --key-file keys.yaml --exit-code") == .success,
            "\(compared.errors)")
        let keyless = TestSession(in: directory)
        #expect(await keyless.run("snapshot verify \(stored)") == .failure)
        #expect(keyless.errors.contains("needs the key \"k1\""))

        let other = TestSession(in: directory)
        #expect(await other.run("backup key new --id k1") == .success)
        try writeTextFile("\(directory)/other.yaml", other.output)
        let wrong = TestSession(in: directory)
        #expect(await wrong.run("snapshot verify --key-file other.yaml \(stored)") == .failure)
        #expect(wrong.errors.contains("another key"))

        var random = SeededRandom(seed: 7)
        let sound = try readFile(stored)
        for path in [stored, "\(directory)/a.db"] {
            let whole = path == stored ? sound : bytes
            for number in 0..<50 {
                var damaged = whole
                switch number % 3 {
                case 0: damaged[Int.random(in: damaged.indices, using: &random)] ^= 1 << UInt8(number % 8)
                case 1: damaged.removeLast(Int.random(in: 1..<damaged.count, using: &random))
                default: damaged.removeLast(32)
                }
                try writeFile(damaged, to: path)
                let session = TestSession(in: directory)
                let code = await session.run("snapshot verify --key-file keys.yaml \(path)")
                #expect(code == .findings, "\(number): \(session.errors)\(session.output)")
                #expect(session.errors.hasPrefix("error: "))
            }
        }
        #expect(directoryEntries(directory).filter { $0.hasPrefix(".partial") }.isEmpty)
    }

    @Test("A key is added to those there are, and becomes the current one")
    func rotation() async throws {
        try await withTemporaryDirectory { directory in
            let first = TestSession(in: directory)
            #expect(await first.run("backup key new --id k1 --secret s --namespace prod") == .success)
            let second = TestSession(in: directory)
            #expect(await second.run("backup key new --id k2 --add-to -", input: first.output) == .success)
            try writeTextFile("\(directory)/keys.yaml", second.output)
            let before = try ManifestReaderSecret.read(first.output)
            let after = try ManifestReaderSecret.read(second.output)
            #expect(after.metadata.name == "s" && after.metadata.namespace == "prod")
            #expect(after.data["k1"] == before.data["k1"] && after.bytes("k2")?.count == 32)
            #expect(after.text("current") == "k2")
            let again = TestSession(in: directory)
            #expect(await again.run("backup key new --id k2 --add-to keys.yaml") == .failure)
            #expect(again.errors.contains("has a key \"k2\" already"))
            let bad = TestSession(in: directory)
            #expect(await bad.run("backup key new --id current") == .usage)
        }
    }

    @Test("What is no database, not there or not to be read is said in a sentence")
    func refusals() async throws {
        try await withTemporaryDirectory { directory in
            try writeTextFile("\(directory)/text", "no database at all")
            for (line, code, words) in [
                ("snapshot verify text", ExitCode.findings, "text"), ("snapshot inspect gone", .failure, "gone"),
                ("snapshot verify \(directory)", .findings, directory),
                ("snapshot inspect text --depth 0", .usage, "depth"),
                ("snapshot verify text --key-file text", .failure, "text"),
            ] {
                let session = TestSession(in: directory)
                #expect(await session.run(line) == code, "\(line): \(session.errors)")
                #expect(session.errors.contains(words), "\(line): \(session.errors)")
            }
        }
    }

    private func manifest(_ path: String) throws -> Value? {
        try ManifestReaderSecret.read(readTextFile(path) ?? "").document
    }
}

/// A whole snapshot as one piece.
private struct WholeFile: SnapshotPiece {
    let bytes: [UInt8]
    var byteCount: Int { bytes.count }
    var remainingBytes: UInt64 { 0 }

    func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try bytes.span.withUnsafeBytes(body)
    }
}

extension SnapshotReport {
    fileprivate init(_ json: String) throws {
        var decoding = Decoding()
        let document = try Value(json: Array(json.utf8))
        self = try #require(SnapshotReport.decode(document, &decoding))
    }
}
