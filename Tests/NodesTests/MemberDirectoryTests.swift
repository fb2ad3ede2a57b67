import Glibc
import TestSupport
import Testing

@testable import Nodes

@Suite("A member's home")
struct MemberDirectoryTests {
    private let root: TemporaryDirectory
    private let identity = MemberIdentity(cluster: "team/orders", clusterUID: "u1", incarnation: "i1", member: "m0")

    init() throws {
        root = try TemporaryDirectory("home")
    }

    private func home(_ name: String = "m0") throws -> MemberDirectory { try MemberDirectory(root.file(name)) }

    private func putData(_ home: MemberDirectory) throws {
        try LocalFiles.makeDirectory("\(home.dataPath)/member/wal")
        try LocalFiles.makeDirectory("\(home.dataPath)/member/snap")
        try writeTextFile("\(home.dataPath)/member/wal/0.wal", "log")
        try writeTextFile("\(home.dataPath)/member/snap/db", "database")
    }

    @Test("A new home is claimed for its owner alone and stays claimed")
    func claims() throws {
        let home = try home("deep/er/m0")
        try home.claim(for: identity)
        try home.claim(for: identity)
        #expect(try home.owner() == identity)
        var status = stat()
        #expect(stat(home.path, &status) == 0 && status.st_mode & 0o777 == 0o700)
    }

    @Test("Another member, cluster or incarnation never gets a home that is not its own")
    func refusesForeign() throws {
        let home = try home()
        try home.claim(for: identity)
        for change in [\MemberIdentity.clusterUID, \.incarnation, \.member, \.cluster] {
            var other = identity
            other[keyPath: change] += "x"
            let error = #expect(throws: NodeError.self) { try home.claim(for: other) }
            #expect(error == .foreignData(directory: home.path, wanted: other, found: identity))
        }
        #expect(try home.owner() == identity)
    }

    @Test("A damaged marker belongs to nobody")
    func refusesDamaged() throws {
        let home = try home()
        try home.claim(for: identity)
        try writeTextFile(home.markerPath, "")
        #expect(throws: NodeError.self) { try home.claim(for: identity) }
    }

    @Test("Files without a marker are left alone, the draft of a marker is not")
    func refusesUnmarked() throws {
        let home = try home()
        try LocalFiles.makeDirectory(home.path)
        try writeTextFile("\(home.markerPath).new", "half a mark")
        try home.claim(for: identity)
        unlink(home.markerPath)
        try writeTextFile("\(home.path)/precious", "x")
        let error = #expect(throws: NodeError.self) { try home.claim(for: identity) }
        #expect(error == .unmarkedData(directory: home.path))
        #expect(readTextFile("\(home.path)/precious") == "x")
    }

    @Test("Data that was there once and is gone is noticed: all of it, the log or the database")
    func noticesLoss() throws {
        let home = try home()
        try home.claim(for: identity)
        try home.latchData()
        try home.refuseLoss(of: identity, mustHoldData: false)
        try putData(home)
        try home.latchData()
        try home.refuseLoss(of: identity, mustHoldData: true)
        for victim in ["member/wal/0.wal", "member/snap/db", ""] {
            try LocalFiles.removeTree("\(home.dataPath)/\(victim)")
            let error = #expect(throws: NodeError.self) { try home.refuseLoss(of: identity, mustHoldData: false) }
            #expect(error == .dataLost(directory: home.path, member: "m0 of team/orders"))
            try putData(home)
        }
        try home.refuseLoss(of: identity, mustHoldData: false)
    }

    @Test("The control plane's own memory of data counts where no marker is left")
    func noticesLossOfAll() throws {
        let home = try home()
        try home.claim(for: identity)
        #expect(throws: NodeError.self) { try home.refuseLoss(of: identity, mustHoldData: true) }
    }

    @Test("The start lock is held by one at a time and is lost with a home that was moved away")
    func locks() throws {
        let home = try home()
        try home.claim(for: identity)
        do {
            let lock = try StartLock(home)
            let error = #expect(throws: NodeError.self) { try StartLock(home) }
            #expect(error == .locked(directory: home.path))
            withExtendedLifetime(lock) {}
        }
        _ = try StartLock(home)
    }

    @Test("Any text survives in a key=value file", arguments: ["", "a=b", "two\nlines", "back\\slash\\n", "ünï\r\n"])
    func keyValueText(value: String) {
        var text = KeyValueText()
        text["key"] = value
        #expect(KeyValueText(text.bytes(comment: "A comment=not a value.")) == text)
    }

    @Test("A large log is set aside before a start, and only so many old ones are kept")
    func rotatesLogs() throws {
        let log = MemberLog(path: root.file("etcd.log"))
        for run in 1...6 {
            try writeTextFile(log.path, "run \(run)\n")
            try log.rotate(limit: 3)
        }
        #expect(directoryEntries(root.path) == ["etcd.log.1", "etcd.log.2", "etcd.log.3"])
        #expect(readTextFile(root.file("etcd.log.1")) == "run 6\n")
        try writeTextFile(log.path, "old\nnew\n")
        #expect(log.lines(since: 4) == ["new"])
        #expect(log.lines(since: 400) == ["old", "new"])
    }
}
