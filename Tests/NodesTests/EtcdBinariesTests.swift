import Glibc
import Nodes
import TestSupport
import Testing

@Suite("Finding etcd by version", .timeLimit(.minutes(5)))
struct EtcdBinariesTests {
    private let root: TemporaryDirectory

    init() throws {
        root = try TemporaryDirectory("binaries")
    }

    /// A program that says it is etcd of this version, and counts how often it was asked.
    private func install(_ place: String, version: String) throws {
        let path = root.file(place)
        let parent = path.split(separator: "/").dropLast().joined(separator: "/")
        mkdir("/\(parent)", 0o755)
        try writeTextFile(
            path,
            "#!/bin/sh\necho asked >> \(root.file("asked"))\necho 'etcd Version: \(version)'\necho 'Git SHA: x'\n",
            mode: 0o755)
    }

    private var timesAsked: Int { (readTextFile(root.file("asked")) ?? "").split(separator: "\n").count }

    @Test("The exact version is found in any layout, a minor version gives its newest patch by number")
    func finds() async throws {
        try install("3.5.9/etcd", version: "3.5.9")
        try install("etcd-3.5.10/etcd", version: "3.5.10")
        try install("other/etcd", version: "3.50.1")
        let binaries = EtcdBinaries(directories: [root.path])
        #expect(try await binaries.find("3.5.9").path == root.file("3.5.9/etcd"))
        #expect(try await binaries.find("3.5") == EtcdBinary(path: root.file("etcd-3.5.10/etcd"), version: "3.5.10"))
        #expect(try await binaries.find("3.4.23").path == "/usr/bin/etcd")
        #expect(timesAsked == 3)
    }

    @Test("A program that was replaced is asked again")
    func replaced() async throws {
        try install("v/etcd", version: "3.5.9")
        let binaries = EtcdBinaries(directories: [root.path])
        _ = try await binaries.find("3.5.9")
        unlink(root.file("v/etcd"))
        try install("v/etcd", version: "3.5.11")
        #expect(try await binaries.find("3.5.11").path == root.file("v/etcd"))
        await #expect(throws: NodeError.self) { try await binaries.find("3.5.9") }
    }

    @Test("A missing version lists what is there and where it was looked for")
    func missing() async throws {
        try install("v/etcd", version: "3.5.9")
        try install("hangs/etcd", version: "x")
        try writeTextFile(root.file("hangs/etcd"), "#!/bin/sh\necho nonsense\n", mode: 0o755)
        let binaries = EtcdBinaries(directories: [root.path])
        let error = try await #require(throws: NodeError.self) { try await binaries.find("3.6.0") }
        guard case .binaryMissing("3.6.0", let found, let searched) = error else {
            Issue.record("not a missing binary: \(error)")
            return
        }
        #expect(found.contains(EtcdBinary(path: root.file("v/etcd"), version: "3.5.9")))
        #expect(!found.contains { $0.path.contains("hangs") })
        #expect(searched.first == root.path && searched.contains("/usr/bin"))
        #expect(error.description.contains("3.5.9 ("))
    }
}
