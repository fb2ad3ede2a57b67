import Glibc
import Model
import TestSupport
import Testing

@testable import Nodes

/// Data directories made of real snapshots.
@Suite(.timeLimit(.minutes(10)))
struct DataDirectoryRestoreTests {
    private struct Refused: Error {}

    private static func restore(in directory: TemporaryDirectory, of snapshot: String) async throws
        -> DataDirectoryRestore
    {
        let binary = try await EtcdBinaries().find("3.4")
        let peer = "http://127.0.0.1:1"
        let spec = MemberSpec(
            identity: MemberIdentity(cluster: "default/copy", clusterUID: "u", incarnation: "i", member: "copy-0"),
            binary: binary.path, directory: try MemberDirectory(directory.file("copy-0")),
            clientURL: "http://127.0.0.1:2", peerURL: peer, initialCluster: [.init(name: "copy-0", url: peer)],
            mustHoldData: true)
        return DataDirectoryRestore(
            spec: spec, snapshot: snapshot, tool: try RestoreTool(beside: binary), timeout: .seconds(60))
    }

    private static func withSnapshot(_ body: (TemporaryDirectory, String) async throws -> Void) async throws {
        try await withRealEtcd { etcd in
            let directory = try TemporaryDirectory("restore")
            let snapshot = directory.file("snapshot.db")
            let saved = try await ChildProcess.run(
                "/usr/bin/etcdctl", ["--endpoints", etcd.endpoints[0], "snapshot", "save", snapshot],
                environment: [
                    "PATH": "/usr/bin:/bin", "ETCDCTL_API": "3", "ETCDCTL_COMMAND_TIMEOUT": "20s",
                    "ETCDCTL_DIAL_TIMEOUT": "20s",
                ])
            #expect(saved.status == 0, "\(saved)")
            try await body(directory, snapshot)
        }
    }

    @Test("A data directory appears whole, is not made twice, and one that is not proven leaves nothing")
    func whole() async throws {
        try await Self.withSnapshot { directory, snapshot in
            let restore = try await Self.restore(in: directory, of: snapshot)
            let home = restore.spec.directory
            await #expect(throws: Refused.self) { try await restore.run { _ in throw Refused() } }
            #expect(!home.holdsData && !LocalFiles.isDirectory(home.dataPath))
            #expect(directoryEntries(home.path).allSatisfy { !$0.hasPrefix("restoring-") })
            try await restore.run { path in #expect(LocalFiles.size(path) ?? 0 > 0) }
            #expect(home.holdsData && home.hasHeldData)
            let before = LocalFiles.size(DataDirectoryRestore.database(in: home))
            unlink(snapshot)
            // Finished before: only proven again, from nothing but what is there.
            try await restore.run { _ in }
            #expect(LocalFiles.size(DataDirectoryRestore.database(in: home)) == before)
        }
    }

    @Test("A damaged snapshot is refused by its checksum, and the tool's words are told")
    func damaged() async throws {
        try await Self.withSnapshot { directory, snapshot in
            let descriptor = open(snapshot, O_RDWR | O_CLOEXEC)
            var byte: UInt8 = 0xa5
            #expect(pwrite(descriptor, &byte, 1, 9000) == 1)
            close(descriptor)
            let restore = try await Self.restore(in: directory, of: snapshot)
            let error = await #expect(throws: NodeError.self) { try await restore.run { _ in } }
            guard case .restoreFailed(_, _, _, let words) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(words.contains("sha256"), "\(words)")
            #expect(!LocalFiles.isDirectory(restore.spec.directory.dataPath))
        }
    }

    @Test("A tool that outlived its controller is ended, and what it was making goes")
    func outlived() async throws {
        try await Self.withSnapshot { directory, snapshot in
            let restore = try await Self.restore(in: directory, of: snapshot)
            let home = restore.spec.directory
            try home.claim(for: restore.spec.identity)
            let draft = "\(home.path)/restoring-old"
            try LocalFiles.makeDirectory(draft)
            // It hangs, as a tool does on a dead disk; its command line is what it is known by.
            let script = directory.file("hang")
            try writeTextFile(script, "while :; do sleep 1; done")
            let tool = try await ChildProcess.start(
                "/bin/sh", [script, "--data-dir=\(draft)"], output: directory.file("out"))
            try await restore.run { _ in }
            try await eventually("the tool has ended") { !tool.isRunning }
            try await tool.end()
            #expect(home.holdsData && directoryEntries(home.path).allSatisfy { !$0.hasPrefix("restoring-") })
        }
    }
}
