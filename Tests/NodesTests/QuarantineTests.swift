import Glibc
import Model
import TestSupport
import Testing

@testable import Nodes

@Suite("Quarantine", .timeLimit(.minutes(10)))
struct QuarantineTests {
    private let root: TemporaryDirectory
    private let quarantine: Quarantine
    private let identity = MemberIdentity(cluster: "team/orders", clusterUID: "u1", incarnation: "i1", member: "m0")

    init() throws {
        root = try TemporaryDirectory("quarantine")
        quarantine = Quarantine(root: try MemberDirectory(root.path))
    }

    private func home(_ content: String) throws -> MemberDirectory {
        let home = try MemberDirectory(root.file("m0"))
        try home.claim(for: identity)
        try LocalFiles.makeDirectory("\(home.dataPath)/member")
        try writeTextFile("\(home.dataPath)/member/db", content)
        return home
    }

    @Test("Every byte is kept, with a note why, by whom and when; two homes of one second do not collide")
    func keepsBytes() throws {
        let now = Timestamp(secondsSinceEpoch: 1_700_000_000)
        for content in ["first", "second"] {
            let home = try home(content)
            let entry = try #require(
                try quarantine.take(home, reason: "member replaced: its data\nwas damaged", actor: "test", at: now))
            #expect(!LocalFiles.isDirectory(home.path))
            #expect(readTextFile("\(entry.path)/data/member/db") == content)
            #expect(entry.path.hasPrefix("\(root.path)/quarantine/20231114T221320Z-team.orders-m0"))
        }
        let entries = try quarantine.entries()
        #expect(entries.count == 2)
        for entry in entries {
            #expect(entry.owner == identity)
            #expect(entry.reason == "member replaced: its data\nwas damaged")
            #expect(entry.actor == "test" && entry.at == now && entry.origin == root.file("m0"))
        }
    }

    @Test("Nothing to move is no error")
    func nothing() throws {
        #expect(try quarantine.take(try MemberDirectory(root.file("none")), reason: "r", actor: "a") == nil)
        try quarantine.destroy(try MemberDirectory(root.file("none")))
        #expect(try quarantine.entries().isEmpty)
        #expect(try quarantine.purge(olderThan: .zero).isEmpty)
    }

    @Test("Only what is older than its time to live is purged, and leftovers of deletions with it")
    func purges() throws {
        let day = Duration.seconds(86_400)
        let now = Timestamp.now
        for age in [10, 5, 1] {
            _ = try quarantine.take(try home("\(age)"), reason: "r", actor: "a", at: now - day * age)
        }
        try LocalFiles.makeDirectory("\(quarantine.path)/.deleting-x/y")
        let gone = try quarantine.purge(olderThan: day * 4, now: now)
        #expect(gone.map { Int(((now - $0.at) / day).rounded()) } == [10, 5])
        #expect(try quarantine.entries().map { readTextFile("\($0.path)/data/member/db") } == ["1"])
        #expect(directoryEntries(quarantine.path).count == 1)
    }

    @Test("Deletion leaves nothing, and follows no symbolic link")
    func destroys() throws {
        let home = try home("x")
        try writeTextFile(root.file("outside"), "kept")
        symlink(root.file("outside"), "\(home.dataPath)/link")
        try quarantine.destroy(home)
        #expect(directoryEntries(root.path) == ["outside", "quarantine"])
        #expect(directoryEntries(quarantine.path).isEmpty)
        #expect(readTextFile(root.file("outside")) == "kept")
    }

    @Test("A home with a running member is neither moved nor deleted")
    func refusesRunning() async throws {
        let member = try MemberFixture()
        let quarantine = Quarantine(root: try MemberDirectory(member.root.path))
        let supervisor = MemberSupervisor()
        let pid = try #require(await supervisor.ensureRunning(member.spec).pid)
        let refusal = NodeError.inUse(directory: member.directory.path, pid: pid)
        #expect(
            #expect(throws: NodeError.self) { try quarantine.take(member.directory, reason: "", actor: "") } == refusal)
        #expect(#expect(throws: NodeError.self) { try quarantine.destroy(member.directory) } == refusal)
        try await supervisor.stop(member.directory, grace: .zero, force: true)
        let entry = try #require(try quarantine.take(member.directory, reason: "r", actor: "a"))
        #expect(entry.owner == member.spec.identity)
    }
}
