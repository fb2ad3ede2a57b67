import Glibc
import Model
import TestSupport
import Testing

@testable import Nodes

@Suite("Finding a member's process")
struct ProcessTableTests {
    @Test(
        "A command line is a member's when it is etcd's with its data directory",
        arguments: [
            (["/usr/bin/etcd", "--name=x", "--data-dir=/d/m0/data"], true),
            (["etcd", "--data-dir", "/d/m0/data"], true), (["/opt/3.5.1/etcd", "-data-dir=/d/m0/data"], true),
            (["/usr/bin/etcd", "--data-dir=/d/m0/data2"], false), (["/usr/bin/etcd", "--data-dir=/d/m0"], false),
            (["/usr/bin/etcd", "--wal-dir=/d/m0/data"], false), (["grep", "--data-dir=/d/m0/data"], false),
            (["/usr/bin/etcdctl", "--data-dir=/d/m0/data"], false), (["/usr/bin/etcd", "--data-dir"], false),
            ([], false),
        ])
    func recognises(commandLine: [String], isMembers: Bool) throws {
        #expect(ProcessTable.uses(try MemberDirectory("/d/m0"), commandLine) == isMembers)
    }

    @Test("A number that is used again is another process")
    func recycled() throws {
        var identity = try #require(ProcessIdentity.current(getpid()))
        #expect(try ProcessHandle(identity) != nil)
        #expect(abs((identity.startedAt - .now) / .seconds(1)) < 3_600)
        identity.startTicks += 1
        #expect(try ProcessHandle(identity) == nil)
        #expect(ProcessIdentity.current(identity.pid) != identity)
    }

    @Test("An outdated note about a process is not believed")
    func outdatedNote() throws {
        let root = try TemporaryDirectory("note")
        let home = try MemberDirectory(root.path)
        let identity = try #require(ProcessIdentity.current(getpid()))
        try ProcessNote(identity: identity, logOffset: 5).write(to: home)
        #expect(ProcessNote.read(home)?.identity == identity)
        #expect(ProcessTable.process(using: home) == nil)
    }
}
