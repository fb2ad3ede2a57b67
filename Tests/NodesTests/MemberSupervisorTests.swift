import Glibc
import Nodes
import TestSupport
import Testing

@Suite("Members as processes", .timeLimit(.minutes(10)))
struct MemberSupervisorTests {
    @Test("A member starts with its exact arguments, alone in its session, with nothing of ours in it")
    func startsClean() async throws {
        let member = try MemberFixture()
        // A variable and a descriptor that would leak into a careless child.
        setenv("ETCD_SNAPSHOT_COUNT", "7", 1)
        defer { unsetenv("ETCD_SNAPSHOT_COUNT") }
        let leak = open(member.root.file("leak"), O_RDWR | O_CREAT, 0o600)
        defer { close(leak) }
        try await withSupervisor { supervisor, _ in
            let asked = ContinuousClock.now
            let pid = try #require(await supervisor.ensureRunning(member.spec).pid)
            let started = ContinuousClock.now
            try await member.waitUntilHealthy()
            print("Started in \(asked.duration(to: started)), healthy \(started.duration(to: .now)) later.")
            let command = (readTextFile("/proc/\(pid)/cmdline") ?? "").split(separator: "\0").map(String.init)
            #expect(command == [member.spec.binary] + (try member.spec.arguments()))
            let environment = (readTextFile("/proc/\(pid)/environ") ?? "").split(separator: "\0")
            #expect(!environment.isEmpty && environment.allSatisfy { $0.hasPrefix("PATH=") })
            #expect(getsid(pid) == pid)
            #expect(getpgid(pid) == pid)
            let open = directoryEntries("/proc/\(pid)/fd").map { linkTarget("/proc/\(pid)/fd/\($0)") }
            #expect(open.contains { $0.hasSuffix("member/snap/db") })
            #expect(!open.contains { $0.hasSuffix("/leak") || $0.hasSuffix("/lock") })
            #expect(await supervisor.observe(member.directory).runs(as: member.spec))

            try await supervisor.stop(member.directory, force: false)
            #expect(member.pids.isEmpty)
            #expect(await supervisor.observe(member.directory).state == .stopped)
        }
    }

    @Test("A killed member is noticed and is back with its data")
    func restarts() async throws {
        let member = try MemberFixture()
        try await withSupervisor { supervisor, log in
            let first = try #require(await supervisor.ensureRunning(member.spec).pid)
            try await member.waitUntilHealthy()
            try await member.etcdctl("put", "k", "kept")
            #expect(await supervisor.ensureRunning(member.spec).pid == first)

            let killedAt = ContinuousClock.now
            kill(first, SIGKILL)
            let state = try await log.first("the end was told") { if case .backingOff = $0 { true } else { false } }
            let heard = try #require(await log.changes.first { $0.change.state == state }?.heard)
            print("Noticed after \(killedAt.duration(to: heard)).")
            #expect(killedAt.duration(to: heard) < .seconds(15))
            guard case .backingOff(_, let failures, let last) = state else { return }
            #expect(failures == 1)
            #expect(last.status == .signal(SIGKILL))
            #expect(last.reason == .killed)

            _ = try await log.first("it was started again") { $0.pid != nil && $0.pid != first }
            try await member.waitUntilHealthy()
            #expect(try await member.etcdctl("get", "k", "--print-value-only") == "kept\n")
            #expect(member.pids.count == 1)
            try await supervisor.stop(member.directory, grace: .zero, force: true)
        }
    }

    @Test("Two supervisors on one directory share one process, and its end is noticed by the one that adopted it")
    func adopts() async throws {
        let member = try MemberFixture()
        try await withSupervisor { owner, _ in
            let pid = try #require(await owner.ensureRunning(member.spec).pid)
            try await withSupervisor { other, log in
                #expect(await other.observe(member.directory).state.pid == pid)
                #expect(await other.ensureRunning(member.spec).pid == pid)
                #expect(member.pids == [pid])
                // Without the note too: what runs is looked at.
                unlink("\(member.directory.path)/process")
                let third = MemberSupervisor()
                #expect(await third.ensureRunning(member.spec).pid == pid)

                try await owner.stop(member.directory, grace: .zero, force: true)
                _ = try await log.first("the adopter has noticed") { if case .backingOff = $0 { true } else { false } }
                try await other.stop(member.directory, grace: .zero, force: true)
            }
        }
        #expect(member.pids.isEmpty)
    }

    @Test("A member outlives its controller's kill -9, keeps serving and is adopted, not restarted")
    func outlives() async throws {
        let member = try MemberFixture()
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [home = member.directory.path as String, client = member.clientPort as Int, peer = member.peerPort as Int]
            in
            let spec = try MemberFixture.spec(home: home, clientPort: client, peerPort: peer)
            let supervisor = MemberSupervisor()
            guard case .running = await supervisor.ensureRunning(spec) else { exit(1) }
            kill(getpid(), SIGKILL)
        }
        let pid = try #require(member.pids.first)
        try await member.waitUntilHealthy()
        try await member.etcdctl("put", "k", "v")
        let supervisor = MemberSupervisor()
        #expect(await supervisor.ensureRunning(member.spec).pid == pid)
        #expect(member.pids == [pid])
        try await supervisor.stop(member.directory, force: true)
        #expect(member.pids.isEmpty)
    }

    @Test("A controller killed at any moment of a start leaves one process at most, and the next one ends with one")
    func killedWhileStarting() async throws {
        for _ in 0..<12 {
            let member = try MemberFixture()
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [
                    home = member.directory.path as String, client = member.clientPort as Int,
                    peer = member.peerPort as Int
                ] in
                let spec = try MemberFixture.spec(home: home, clientPort: client, peerPort: peer)
                async let _: MemberState = MemberSupervisor().ensureRunning(spec)
                usleep(.random(in: 0..<12_000))
                kill(getpid(), SIGKILL)
            }
            let left = member.pids
            #expect(left.count <= 1)
            let supervisor = MemberSupervisor()
            let pid = try #require(await supervisor.ensureRunning(member.spec).pid)
            #expect(left.isEmpty || left == [pid])
            try await member.waitUntilHealthy()
            #expect(member.pids == [pid])
            try await supervisor.stop(member.directory, grace: .zero, force: true)
        }
    }
}

extension MemberState {
    /// The process number while one runs.
    var pid: Int32? {
        switch self {
        case .running(let pid, _), .stopping(let pid): pid
        default: nil
        }
    }
}

func linkTarget(_ path: String) -> String {
    var buffer = [CChar](repeating: 0, count: 4_096)
    let count = readlink(path, &buffer, buffer.count)
    return String(decoding: buffer[..<max(0, count)].map(UInt8.init(bitPattern:)), as: UTF8.self)
}
