import Glibc
import Model
import TestSupport
import Testing
import Transport

/// A controller killed at random moments of backup, pruning, verification and restore, into a bucket and a directory.
@Suite(.timeLimit(.minutes(Soak.isLong ? 60 : 12)))
struct KilledBackupTests {
    @Test("Killed while it backs up, prunes, proves and restores, it converges and leaves nothing half done anywhere")
    func randomMoments() async throws {
        var random = SeededRandom(seed: Soak.seed("killed backups"))
        try await withRealS3 { server in
            let engine = HTTPEngine()
            defer { engine.shutdown() }
            let bucket = try await server.makeBucket(engine)
            try await ControllerFixture.run { fixture, controller in
                let scene = Scene(fixture: fixture, server: server, bucket: bucket, engine: engine)
                try await scene.prepare()
                for round in 0..<Soak.rounds(2, long: 50) {
                    for cluster in Scene.clusters { try await scene.backUp(cluster, "\(cluster)-\(round)") }
                    let (old, restored) = (max(0, round - 1), Scene.clusters[round % 2])
                    async let verdict = fixture.lodestone(
                        "backup", "verify", "\(restored)-\(old)", timeout: .seconds(90))
                    if round > 0 {
                        try await fixture.succeed(
                            "restore", "copy\(round)", "--from-backup", "\(restored)-\(old)", "--size", "1",
                            "--wait=false")
                    }
                    for _ in 0..<Int.random(in: 1...2, using: &random) {
                        try await Task.sleep(for: .milliseconds(Int.random(in: 0...2500, using: &random)))
                        controller.signal(SIGKILL)
                        try await controller.waitForExit()
                        controller = try await fixture.start()
                        try await fixture.waitUntilReady()
                    }
                    // The command may have lost its controller; what it asked for is done all the same, or asked again.
                    _ = try await verdict
                    try await scene.converge(round, copy: round > 0 ? "copy\(round)" : nil)
                    try await scene.check(round)
                }
            }
        }
    }
}

/// Two clusters, one of which is backed up to a bucket.
private struct Scene {
    let fixture: ControllerFixture
    let server: RealS3
    let bucket: String
    let engine: HTTPEngine

    static let clusters = ["remote", "near"]
    private static let kept = 2

    private func storage(_ cluster: String) -> String {
        guard cluster == "remote" else { return "" }
        return ", storage: {type: S3, s3: {endpoint: \"http://127.0.0.1:\(server.port)\", bucket: \(bucket), "
            + "credentialsSecretRef: {name: keys}}}"
    }

    func prepare() async throws {
        try await fixture.apply(
            """
            apiVersion: v1
            kind: Secret
            metadata: {name: keys}
            stringData: {accessKeyID: "\(server.user.accessKeyID)", secretAccessKey: "\(server.user.secretAccessKey)"}
            """)
        for cluster in Self.clusters {
            let policy = "  backup: {interval: 24h, retention: {keepLast: \(Self.kept)}\(storage(cluster))}"
            try await fixture.apply(ControllerFixture.manifest(cluster, size: 1, more: policy))
        }
        for cluster in Self.clusters {
            try await fixture.waitForCluster(cluster)
            try await fixture.succeed("load", cluster, "--keys", "3000")
            // Retention goes by time: the schedule's own first backup must not be newer than those of the rounds.
            try await fixture.succeed("wait", "ec/\(cluster)", "--for", "condition=BackupReady", "--timeout", "60s")
        }
    }

    /// Asks for a backup as the schedule does, so that retention removes it in its turn.
    func backUp(_ cluster: String, _ name: String) async throws {
        let applied = try await fixture.apply(
            """
            apiVersion: lodestone.dev/v1alpha1
            kind: EtcdBackup
            metadata: {name: \(name), labels: {\(EtcdBackup.scheduledLabel): "true"}}
            spec: {clusterRef: {name: \(cluster)}\(storage(cluster))}
            """)
        #expect(applied.status == 0, "\(applied.errors)")
    }

    /// Waits until everything that was asked for is done, and removes the copy.
    func converge(_ round: Int, copy: String?) async throws {
        for cluster in Self.clusters {
            try await eventually("backup \(cluster)-\(round) is made", timeout: .seconds(180)) {
                try await fixture.record(EtcdBackup.self, "\(cluster)-\(round)")?.status.phase == .succeeded
            }
            try await fixture.succeed("backup", "verify", "\(cluster)-\(round)")
        }
        if let copy {
            let restored = try await fixture.waitForCluster(copy, timeout: .seconds(180))
            #expect(restored.status.conditions[.restored]?.status == .true)
            try await fixture.succeed("delete", "ec", copy, "--unprotect")
        }
        try await eventually("retention has done its work in round \(round)", timeout: .seconds(120)) {
            let backups = try await fixture.records(EtcdBackup.self)
            return Self.clusters.allSatisfy { cluster in
                backups.count { $0.spec.clusterRef.name == cluster } <= Self.kept
            } && backups.allSatisfy { $0.status.phase == .succeeded }
        }
        try await eventually("only the two members run", timeout: .seconds(60)) { fixture.members.count == 2 }
    }

    /// Every stored backup has its record, every record its two objects, and nothing else lies anywhere.
    func check(_ round: Int) async throws {
        let backups = try await fixture.records(EtcdBackup.self)
        let names = try await server.names(in: bucket, engine)
        #expect(names.uploads.isEmpty, "round \(round): \(names.uploads)")
        let expected = backups.flatMap { backup -> [String] in
            let place = "default/\(backup.spec.clusterRef.name)/\(backup.status.incarnation)"
            let directory = "\(place)/\(backup.status.location.split(separator: "/").last ?? "")"
            return ["\(directory)/manifest.json", "\(directory)/snapshot.db.zst", "\(place)/owner.json"]
        }
        let near = files(below: "\(fixture.data)/backups", "")
        #expect(Set(names.objects + near) == Set(expected), "round \(round)")
        #expect(names.objects.count + near.count == Set(expected).count)
        let scratch = files(below: "\(fixture.data)/scratch", "")
        #expect(scratch.isEmpty, "round \(round): \(scratch)")
        #expect(directoryEntries("\(fixture.data)/members/.restore").isEmpty)
    }

    /// The paths of all files below a directory, hidden ones included.
    private func files(below root: String, _ prefix: String) -> [String] {
        directoryEntries(root).flatMap { name -> [String] in
            var status = stat()
            guard lstat("\(root)/\(name)", &status) == 0 else { return [] }
            guard status.st_mode & S_IFMT == S_IFDIR else { return [prefix + name] }
            return files(below: "\(root)/\(name)", "\(prefix)\(name)/")
        }
    }
}
