import Etcd
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import Archive

/// Any moment between two snapshots of a source that does everything etcd can do, held against the source itself.
@Suite(.timeLimit(.minutes(30)))
struct PointInTimeTests {
    @Test(
        "20 random revisions between two snapshots of a random workload have the source's own HashKV and leases",
        arguments: RealEtcd.availableVersions)
    func randomRevisions(version: RealEtcd.Version) async throws {
        let seed = Soak.seed("point in time, \(version)")
        for round in 0..<Soak.rounds(1, long: 10) {
            try await withLogSource(version: version) { source in
                var random = SeededRandom(seed: seed &+ UInt64(round))
                let history = try await record(source, &random)
                try await source.etcd.etcdctl("snapshot", "save", "\(source.directory)/second.db")
                let second = try DatabaseFile(path: "\(source.directory)/second.db").summary()
                #expect(second.revision >= history.moments.last?.revision ?? .max)
                let still = history.moments.filter(\.isStill).shuffled(using: &random).prefix(5)
                let moments = still + history.moments.filter { !$0.isStill }.shuffled(using: &random).prefix(15)
                #expect(moments.count == 20)
                let base = try DatabaseFile(path: source.snapshot)
                for moment in moments {
                    let path = "\(source.directory)/at-\(moment.revision).db"
                    #expect(
                        try await source.log.rebuild(.revision(moment.revision), from: base, to: path)
                            == moment.revision)
                    try check(try DatabaseFile(path: path), moment, history)
                }
                print("point in time, \(version): \(Set(moments.map(\.hash.compactRevision)).count) compact revisions")
                for moment in still.prefix(2) { try await start(source, version, moment) }
            }
        }
    }

    /// Lets everything happen while the log is kept.
    private func record(_ source: LogSource, _ random: inout SeededRandom) async throws -> LeasedWorkload {
        var workload = LeasedWorkload(source.client)
        try await withThrowingTaskGroup(of: Void.self) { group in
            let recorder = source.recorder(interval: .milliseconds(20))
            let start = source.base
            let stored = Mutex<Int64>(0)
            group.addTask { try await recorder.run(after: start) { told in stored.withLock { $0 = told.revision } } }
            for step in 1...100 {
                try await workload.act(&random)
                guard step.isMultiple(of: 20) else { continue }
                try await workload.stand { revision in
                    try await eventually("revision \(revision) is stored", timeout: .seconds(60)) {
                        stored.withLock { $0 >= revision }
                    }
                }
            }
            group.cancelAll()
        }
        return workload
    }

    private func check(_ file: DatabaseFile, _ moment: LeasedWorkload.Moment, _ history: LeasedWorkload) throws {
        let told = Comment(rawValue: "at \(moment)")
        let hash = try file.hashKV(at: moment.revision, compacted: moment.hash.compactRevision)
        #expect(hash == moment.hash, told)
        let leases = try file.leases()
        var leaseOfKey: [[UInt8]: Int64] = [:]
        try file.forEachRecord { record in leaseOfKey[Array(record.content.key)] = record.content.lease }
        // What keys hang on is always there, with the time to live of its latest grant.
        for id in Set(leaseOfKey.values) where id != 0 {
            let wanted = history.timesToLive(of: id, around: moment)
            #expect(leases[id].map { wanted.contains($0) } == true, "\(told): lease \(id) of \(wanted): \(leases)")
        }
        // Where the source stood still, leases are exactly its own; elsewhere none is there that had long ended.
        if let wanted = moment.leases { #expect(leases == wanted, told) }
        #expect(Set(leases.keys).isSubset(of: history.possible(at: moment)), told)
    }

    /// Restores the database as a person would, and asks the member that runs on it.
    private func start(_ source: LogSource, _ version: RealEtcd.Version, _ moment: LeasedWorkload.Moment) async throws {
        let (etcd, member) = (source.etcd, source.etcd.members[0])
        try await etcd.stop(0)
        rename(member.dataDirectory, "\(member.dataDirectory)-before-\(moment.revision)")
        let tools = try #require(version.directory)
        let restored = try await ChildProcess.run(
            "\(tools)/etcdctl",
            [
                "snapshot", "restore", "\(source.directory)/at-\(moment.revision).db", "--data-dir",
                member.dataDirectory, "--name", member.name, "--initial-cluster", "\(member.name)=\(member.peerURL)",
                "--initial-advertise-peer-urls", member.peerURL,
            ],
            environment: [
                "ETCDCTL_API": "3", "ETCDCTL_COMMAND_TIMEOUT": "20s", "ETCDCTL_DIAL_TIMEOUT": "20s",
                "PATH": "/usr/bin:/bin",
            ])
        try #require(restored.status == 0, "\(restored.errors)")
        try await etcd.restart(0)
        let leases = try await source.client.leases()
        #expect(Set(leases) == moment.leases.map { Set($0.keys) })
        for id in leases {
            let granted = try await source.client.leaseTimeToLive(id).granted.components.seconds
            #expect(granted == moment.leases?[id], "lease \(id)")
        }
        let compacted = try DatabaseFile(path: "\(source.directory)/at-\(moment.revision).db").summary().compactRevision
        if moment.hash.compactRevision > compacted ?? -1 {
            try await source.client.compact(at: moment.hash.compactRevision, isPhysical: true)
        }
        let answer = try await source.client.hashKV(revision: moment.revision)
        #expect(KeyspaceHash(answer, at: moment.revision) == moment.hash, "\(moment)")
    }
}
