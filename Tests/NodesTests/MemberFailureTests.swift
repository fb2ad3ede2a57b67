import Glibc
import Model
import TestSupport
import Testing

@testable import Nodes

@Suite("Members that fail", .timeLimit(.minutes(10)))
struct MemberFailureTests {
    /// The exit that the supervisor tells after starting the member, whether it gives up or will start it again.
    private func exit(
        of member: MemberFixture, _ supervisor: MemberSupervisor, _ log: ChangeLog
    ) async throws -> (exit: MemberExit, isGivenUp: Bool) {
        await supervisor.ensureRunning(member.spec)
        let state = try await log.first("the end of \(member.spec.identity) was told") { $0.exit != nil }
        let exit = try #require(state.exit)
        print(exit)
        if case .exited = state { return (exit, true) }
        return (exit, false)
    }

    /// A member that has run and was stopped.
    private func stopped(version: RealEtcd.Version = .v3_4) async throws -> MemberFixture {
        let member = try MemberFixture(version: version)
        let supervisor = MemberSupervisor()
        await supervisor.ensureRunning(member.spec)
        try await member.waitUntilHealthy()
        try await member.etcdctl("put", "key", "a-value-to-be-damaged")
        try await supervisor.stop(member.directory, grace: .zero, force: true)
        return member
    }

    @Test("A taken port is told as such, and tried again", arguments: RealEtcd.availableVersions)
    func portTaken(version: RealEtcd.Version) async throws {
        let first = try MemberFixture(version: version)
        var second = try MemberFixture("m1", version: version)
        second.spec.clientURL = first.spec.clientURL
        try await withSupervisor { supervisor, log in
            await supervisor.ensureRunning(first.spec)
            try await first.waitUntilHealthy()
            let (exit, isGivenUp) = try await exit(of: second, supervisor, log)
            #expect(exit.reason == .portInUse)
            #expect(exit.evidence.contains { $0.contains("127.0.0.1:\(first.clientPort)") })
            #expect(!isGivenUp)
            try await supervisor.stop(first.directory, grace: .zero, force: true)
            _ = try await eventually("the second runs on the freed port", timeout: .seconds(20)) {
                try await LoopbackHTTP.get(port: first.clientPort, path: "/health").body.contains("true") ? true : nil
            }
            try await supervisor.stop(second.directory, grace: .zero, force: true)
        }
    }

    @Test("Failures in a row wait longer and longer")
    func backsOff() async throws {
        var member = try MemberFixture()
        let blocker = try MemberFixture("m1")
        member.spec.clientURL = blocker.spec.clientURL
        try await withSupervisor(backoff: RestartBackoff(initial: .milliseconds(50), limit: .seconds(5))) {
            supervisor, log in
            await supervisor.ensureRunning(blocker.spec)
            try await blocker.waitUntilHealthy()
            await supervisor.ensureRunning(member.spec)
            _ = try await log.first("four failures") {
                if case .backingOff(_, 4, _) = $0 { true } else { false }
            }
            let waits = await log.changes.compactMap { change -> Duration? in
                guard case .backingOff(let until, _, let last) = change.change.state else { return nil }
                return until - last.at
            }
            for (index, wait) in waits.enumerated() {
                let shortest = Duration.milliseconds(50) * (1 << index)
                #expect(wait >= shortest && wait <= shortest * 1.21)
            }
            let failures = await supervisor.ensureRunning(member.spec)
            #expect(!failures.isRunning || failures.pid != nil)
            for one in [member, blocker] { try await supervisor.stop(one.directory, grace: .zero, force: true) }
        }
    }

    @Test("A damaged database or log is told as such, and not started over and over")
    func corrupt() async throws {
        for (file, offset, reason) in [
            ("snap/db", 0, ExitReason.databaseCorrupt), ("snap/db", 8_192, .databaseCorrupt),
            ("wal/0000000000000000-0000000000000000.wal", 200, .logCorrupt),
        ] {
            let member = try await stopped()
            let path = "\(member.directory.dataPath)/member/\(file)"
            let descriptor = open(path, O_WRONLY)
            var noise = [UInt8](repeating: 0xa5, count: offset == 200 ? 4 : 12_288)
            #expect(pwrite(descriptor, &noise, noise.count, off_t(offset)) == noise.count)
            close(descriptor)
            try await withSupervisor { supervisor, log in
                let (exit, isGivenUp) = try await exit(of: member, supervisor, log)
                #expect(exit.reason == reason)
                #expect(isGivenUp)
                guard case .exited = await supervisor.ensureRunning(member.spec) else {
                    Issue.record("started again")
                    return
                }
            }
        }
    }

    @Test("A member whose data vanished is not started empty, nor over a database without its log")
    func dataLost() async throws {
        let member = try await stopped()
        for victim in ["member/wal", "member"] {
            try LocalFiles.removeTree("\(member.directory.dataPath)/\(victim)")
            let supervisor = MemberSupervisor()
            #expect(
                await supervisor.ensureRunning(member.spec)
                    == .blocked(.dataLost(directory: member.directory.path, member: "m0 of team/orders")))
            #expect(member.pids.isEmpty)
        }
    }

    @Test("A full disk is told as such at the start and while serving, and the member comes back when there is room")
    func diskFull() async throws {
        let root = try TemporaryDirectory("full")
        let disk = root.file("disk")
        mkdir(disk, 0o700)
        let mounted = try await ChildProcess.run("/usr/bin/mount", ["-t", "tmpfs", "-o", "size=140m", "tmpfs", disk])
        guard mounted.status == 0 else {
            print("Skipped: a small tmpfs cannot be mounted here: \(mounted.errors)")
            return
        }
        do {
            let member = try MemberFixture(root: root, home: "\(disk)/m0")
            let ballast = "\(disk)/ballast"
            try await withSupervisor { supervisor, log in
                try await ChildProcess.run("/usr/bin/fallocate", ["-l", "20M", ballast])
                guard case .blocked(.insufficientSpace) = await supervisor.ensureRunning(member.spec) else {
                    Issue.record("started without room")
                    return
                }
                unlink(ballast)
                await supervisor.ensureRunning(member.spec)
                try await member.waitUntilHealthy()
                try await ChildProcess.run("/usr/bin/dd", ["if=/dev/zero", "of=\(ballast)", "bs=64k"])
                let value = String(repeating: "x", count: 120_000)
                let writer = "for i in $(seq 40); do etcdctl put k$i \(value) || exit 0; done"
                _ = try await ChildProcess.run(
                    "/bin/sh",
                    ["-c", writer.replacing("etcdctl", with: "etcdctl --endpoints \(member.spec.clientURL)")],
                    environment: [
                        "ETCDCTL_API": "3", "ETCDCTL_COMMAND_TIMEOUT": "20s", "ETCDCTL_DIAL_TIMEOUT": "20s",
                        "PATH": "/usr/bin:/bin",
                    ])
                let state = try await log.first("the disk is full") { $0.exit != nil }
                #expect(state.exit?.reason == .diskFull)
                unlink(ballast)
                try await member.waitUntilHealthy()
                try await supervisor.stop(member.directory, grace: .zero, force: true)
            }
            try await ChildProcess.run("/usr/bin/umount", [disk])
        } catch {
            endMembers(under: disk)
            _ = try? await ChildProcess.run("/usr/bin/umount", ["-l", disk])  // The first error is the one to tell.
            throw error
        }
    }

    @Test("A flag that etcd does not know is given up on, until the spec changes")
    func badFlag() async throws {
        var member = try MemberFixture()
        member.spec.extraArguments = ["no-such-flag": "1"]
        try await withSupervisor { supervisor, log in
            let (exit, isGivenUp) = try await exit(of: member, supervisor, log)
            #expect(exit.reason == .invalidFlag && exit.status == .code(2))
            #expect(isGivenUp)
            member.spec.extraArguments = [:]
            await supervisor.ensureRunning(member.spec)
            try await member.waitUntilHealthy()
            try await supervisor.stop(member.directory, grace: .zero, force: true)
        }
    }

    @Test("A member that its cluster has removed ends with code 0, and is told as removed and left alone")
    func removed() async throws {
        let root = try TemporaryDirectory("removed")
        var (first, second) = (try MemberFixture(root: root), try MemberFixture("m1", root: root))
        first.spec.initialCluster += second.spec.initialCluster
        second.spec.initialCluster = first.spec.initialCluster
        try await withSupervisor { supervisor, log in
            await supervisor.ensureRunning(first.spec)
            await supervisor.ensureRunning(second.spec)
            try await first.waitUntilHealthy()
            let list = try await first.etcdctl("member", "list")
            let id = try #require(list.split(separator: "\n").first { $0.contains(" m1,") }?.prefix { $0 != "," })
            // etcd refuses until the members have been connected for five seconds.
            try await eventually("the member is removed", timeout: .seconds(30), poll: .milliseconds(200)) {
                try await first.etcdctl("member", "remove", String(id)).contains("removed from cluster")
            }
            let state = try await log.first("the removed member has ended") { $0.exit != nil }
            #expect(state.exit?.reason == .removedFromCluster)
            #expect(state.exit?.status == .code(0))
            guard case .exited = state else {
                Issue.record("started again: \(state)")
                return
            }
            #expect(await supervisor.ensureRunning(second.spec) == state)
            try await supervisor.stop(first.directory, grace: .zero, force: true)
        }
    }

    @Test("A process that ignores SIGTERM is reported, keeps its state, and is killed when asked for")
    func stubborn() async throws {
        var member = try MemberFixture()
        member.spec.binary = member.root.file("etcd")
        try writeTextFile(member.spec.binary, "#!/bin/sh\ntrap '' TERM\nexec sleep 60\n", mode: 0o755)
        let supervisor = MemberSupervisor()
        let pid = try #require(await supervisor.ensureRunning(member.spec).pid)
        try await eventually("the signal is ignored") {
            readTextFile("/proc/\(pid)/cmdline")?.hasPrefix("sleep") == true
        }
        await #expect(
            throws: NodeError.stillRunning(directory: member.directory.path, pid: pid, after: .milliseconds(200))
        ) {
            try await supervisor.stop(member.directory, grace: .milliseconds(200), force: false)
        }
        #expect(await supervisor.observe(member.directory).state == .stopping(pid: pid))
        #expect(await supervisor.ensureRunning(member.spec) == .stopping(pid: pid))
        try await supervisor.stop(member.directory, grace: .milliseconds(50), force: true)
        #expect(await supervisor.observe(member.directory).state == .stopped)
        #expect(kill(pid, 0) == -1)
    }

    @Test("A frozen member is stopped as well")
    func frozen() async throws {
        let member = try MemberFixture()
        let supervisor = MemberSupervisor()
        let pid = try #require(await supervisor.ensureRunning(member.spec).pid)
        try await member.waitUntilHealthy()
        kill(pid, SIGSTOP)
        try await supervisor.stop(member.directory, force: false)
        #expect(member.pids.isEmpty)
    }

    @Test("An older etcd on a newer one's data is told as a downgrade", .enabled(if: RealEtcd.isAvailable(.v3_5)))
    func downgrade() async throws {
        var member = try await stopped(version: .v3_5)
        member.spec.binary = "/usr/bin/etcd"
        try await withSupervisor { supervisor, log in
            let (exit, isGivenUp) = try await exit(of: member, supervisor, log)
            #expect(exit.reason == .invalidDowngrade)
            #expect(isGivenUp)
        }
    }

    @Test("What cannot be started says why", arguments: ["/nowhere/etcd", "/etc/passwd", "/usr/bin"])
    func binaryMissing(path: String) async throws {
        var member = try MemberFixture()
        member.spec.binary = path
        #expect(
            await MemberSupervisor().ensureRunning(member.spec)
                == .blocked(.binaryNotExecutable(member: "m0 of team/orders", path: path)))
    }

    @Test("A home of another incarnation is refused, and nothing is started")
    func foreign() async throws {
        var member = try await stopped()
        member.spec.identity.incarnation = "inc-2"
        guard case .blocked(.foreignData) = await MemberSupervisor().ensureRunning(member.spec) else {
            Issue.record("not refused")
            return
        }
        #expect(member.pids.isEmpty)
    }
}

extension MemberState {
    /// The end that the state tells of.
    var exit: MemberExit? {
        switch self {
        case .exited(let exit), .backingOff(_, _, let exit): exit
        default: nil
        }
    }
}
