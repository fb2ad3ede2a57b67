import Etcd
import Glibc
import Model
import TestSupport
import Testing
import Transport

/// Backups of a real cluster in a bucket of a real object storage.
@Suite(.timeLimit(.minutes(15)))
struct S3BackupTests {
    private static func storage(_ server: RealS3, _ bucket: String, port: Int? = nil) -> String {
        "storage: {type: S3, s3: {endpoint: \"http://127.0.0.1:\(port ?? server.port)\", bucket: \(bucket), "
            + "prefix: fleet/a, credentialsSecretRef: {name: keys}}}"
    }

    private static func secret(_ server: RealS3) -> String {
        """
        apiVersion: v1
        kind: Secret
        metadata: {name: keys}
        stringData: {accessKeyID: "\(server.user.accessKeyID)", secretAccessKey: "\(server.user.secretAccessKey)"}
        """
    }

    @Test("Backups wait for the Secret, go to the bucket, are listed, proven and pruned, and give away no key")
    func life() async throws {
        try await withRealS3 { server in
            let engine = HTTPEngine()
            defer { engine.shutdown() }
            let bucket = try await server.makeBucket(engine)
            try await ControllerFixture.run { fixture, _ in
                let policy = "  backup: {interval: 10s, retention: {keepLast: 1}, \(Self.storage(server, bucket))}"
                try await fixture.apply(ControllerFixture.manifest("orders", size: 1, more: policy))
                try await fixture.waitForCluster("orders")
                try await eventually("the backup waits for its Secret", timeout: .seconds(30)) {
                    try await fixture.records(EtcdBackup.self).contains {
                        $0.status.phase == .pending && $0.status.message.contains("there is no Secret \"keys\"")
                    }
                }
                try await fixture.apply(Self.secret(server))
                let first = try await eventually("the first backup is made", timeout: .seconds(30)) {
                    try await fixture.records(EtcdBackup.self).first { $0.status.phase == .succeeded }
                }
                let place = "s3://\(bucket)/fleet/a/default/orders/\(first.status.incarnation)/"
                #expect(first.status.location.hasPrefix(place), "\(first.status.location)")
                #expect(try await fixture.succeed("backup", "verify", first.metadata.name).contains("SHA-256"))
                #expect(try await fixture.succeed("describe", "eb", first.metadata.name).contains(place))
                try await eventually("the first backup is pruned after the second is made", timeout: .seconds(60)) {
                    let records = try await fixture.records(EtcdBackup.self)
                    return !records.contains { $0.metadata.name == first.metadata.name }
                }
                let objects = try await server.names(in: bucket, engine).objects
                #expect(!objects.contains { "s3://\(bucket)/\($0)".hasPrefix(first.status.location) }, "\(objects)")
                #expect(objects.contains { $0.hasSuffix("/manifest.json") })
                let shown =
                    try await fixture.succeed("get", "eb", "-o", "yaml") + fixture.succeed("get", "ec", "-o", "yaml")
                    + fixture.succeed("report") + fixture.lastWords
                #expect(!shown.contains(server.user.secretAccessKey))
            }
        }
    }

    @Test("What an object lock keeps is told once, stays listed and is no failure, while newer backups are made")
    func locked() async throws {
        try await withRealS3 { server in
            let engine = HTTPEngine()
            defer { engine.shutdown() }
            let bucket = try await server.makeBucket(engine, retentionDays: 1)
            try await ControllerFixture.run { fixture, _ in
                try await fixture.apply(Self.secret(server))
                let policy = "  backup: {interval: 10s, retention: {keepLast: 1}, \(Self.storage(server, bucket))}"
                try await fixture.apply(ControllerFixture.manifest("held", size: 1, more: policy))
                try await fixture.waitForCluster("held")
                let kept = try await eventually("a backup is kept by its lock", timeout: .seconds(60)) {
                    try await fixture.records(EtcdBackup.self).first {
                        $0.metadata.annotations[EtcdBackup.keptUntilAnnotation] != nil
                    }
                }
                try await eventually("a third backup is made", timeout: .seconds(60)) {
                    try await fixture.records(EtcdBackup.self).count { $0.status.phase == .succeeded } >= 3
                }
                #expect(try await fixture.record(EtcdBackup.self, kept.metadata.name)?.status.phase == .succeeded)
                #expect(try await fixture.succeed("describe", "eb", kept.metadata.name).contains("Kept until"))
                #expect(try await fixture.succeed("describe", "ec", "held").contains("kept by object lock until"))
                // Deleted by hand with its bytes, it waits for the lock and says so.
                let applied = try await fixture.apply(
                    """
                    apiVersion: lodestone.dev/v1alpha1
                    kind: EtcdBackup
                    metadata: {name: \(kept.metadata.name)}
                    spec: {clusterRef: {name: held}, deletionPolicy: Delete, \(Self.storage(server, bucket))}
                    """)
                #expect(applied.status == 0, "\(applied.errors)")
                try await fixture.succeed("delete", "eb", kept.metadata.name, "--wait=false")
                try await eventually("its deletion waits", timeout: .seconds(30)) {
                    try await fixture.record(EtcdBackup.self, kept.metadata.name)?.status.message
                        .contains("waiting: ") == true
                }
            }
        }
    }

    @Test("A controller killed in the middle of an upload makes the backup again, and nothing is left of the first try")
    func killed() async throws {
        try await withRealS3 { server in
            let engine = HTTPEngine()
            defer { engine.shutdown() }
            let bucket = try await server.makeBucket(engine)
            try await FaultyProxy.with(to: server.port) { proxy in
                try await ControllerFixture.run { fixture, controller in
                    try await fixture.apply(Self.secret(server))
                    try await fixture.apply(ControllerFixture.manifest("big", size: 1))
                    let cluster = try await fixture.waitForCluster("big")
                    try await fill(try #require(cluster.status.members.first).endpoint, engine)
                    proxy.set(.hang(afterBytes: 9 << 20))
                    try await fixture.apply(
                        """
                        apiVersion: lodestone.dev/v1alpha1
                        kind: EtcdBackup
                        metadata: {name: big-one}
                        spec: {clusterRef: {name: big}, \(Self.storage(server, bucket, port: proxy.port))}
                        """)
                    try await eventually("the upload hangs in its parts", timeout: .seconds(60)) { proxy.hasStruck }
                    #expect(try await server.names(in: bucket, engine).uploads.count == 1)
                    controller.signal(SIGKILL)
                    try await controller.waitForExit()
                    proxy.set(.none)
                    controller = try await fixture.start()
                    try await fixture.waitUntilReady()
                    try await eventually("the backup is made", timeout: .seconds(60)) {
                        try await fixture.record(EtcdBackup.self, "big-one")?.status.phase == .succeeded
                    }
                    let names = try await server.names(in: bucket, engine)
                    #expect(names.uploads.isEmpty)
                    #expect(names.objects.count { $0.hasSuffix("/manifest.json") } == 1)
                    try await fixture.succeed("backup", "verify", "big-one")
                    let scratch = fixture.data + "/scratch/s3"
                    #expect(directoryEntries(scratch).flatMap { directoryEntries("\(scratch)/\($0)") } == [])
                }
            }
        }
    }

    /// Writes 24 MiB that no compression makes smaller.
    private func fill(_ endpoint: String, _ engine: HTTPEngine) async throws {
        let client = EtcdClient(engine: engine, endpoint: try Endpoint(url: endpoint))
        var random = SeededRandom(seed: 7)
        for index in 0..<24 {
            let words = (0..<(1 << 17)).map { _ in UInt64.random(in: 0 ... .max, using: &random) }
            _ = try await client.put(Array("key-\(index)".utf8), words.withUnsafeBytes { Array($0) })
        }
    }
}
