import Glibc
import Model
import TestSupport
import Testing
import Transport

/// An object storage that is down, hangs, refuses, fails or is full, and what a person sees of it.
@Suite(.timeLimit(.minutes(Soak.isLong ? 40 : 12)))
struct StorageTroubleTests {
    @Test("A storage in trouble fails its own backups in words, they come through after it, and nobody else notices")
    func troubles() async throws {
        try await withRealS3 { server in
            let engine = HTTPEngine()
            defer { engine.shutdown() }
            let bucket = try await server.makeBucket(engine)
            try await FaultyProxy.with(to: server.port) { proxy in
                try await ControllerFixture.run { fixture, _ in
                    let storage =
                        "storage: {type: S3, s3: {endpoint: \"http://127.0.0.1:\(proxy.port)\", bucket: \(bucket), "
                        + "credentialsSecretRef: {name: keys}}}"
                    try await prepare(fixture, server, storage)
                    var made = ["first"]
                    for trouble in Trouble.allCases where Soak.isLong || trouble.isQuick {
                        try await trouble.begin(server, proxy)
                        try await ask(fixture, trouble.rawValue, storage)
                        // The other cluster's backups go on, also while this one's are tried.
                        async let near = fixture.succeed(
                            "backup", "near", "--name", "near-\(trouble.rawValue)", timeout: .seconds(120))
                        try await eventually("\(trouble) is told", timeout: .seconds(60)) {
                            guard let backup = try await fixture.record(EtcdBackup.self, trouble.rawValue) else {
                                return false
                            }
                            return trouble.isTold(in: backup)
                        }
                        _ = try await near
                        if trouble.isFinal { try await reported(fixture) }
                        try await trouble.end(server, proxy)
                        made.append(try await comesThrough(fixture, trouble))
                        for name in made { try await fixture.succeed("backup", "verify", name) }
                    }
                    let names = try await server.names(in: bucket, engine)
                    #expect(names.uploads.isEmpty)
                    #expect(names.objects.count { $0.hasSuffix("/manifest.json") } == made.count)
                    // Each backup has two objects, and the place its claim.
                    #expect(names.objects.count == made.count * 2 + 1, "\(names.objects)")
                    try await eventually("all is well", timeout: .seconds(60)) {
                        try await fixture.record(EtcdCluster.self, "remote")?.status.conditions[.backupReady]?.status
                            == .true
                    }
                }
            }
        }
    }

    private func prepare(_ fixture: ControllerFixture, _ server: RealS3, _ storage: String) async throws {
        try await fixture.apply(
            """
            apiVersion: v1
            kind: Secret
            metadata: {name: keys}
            stringData: {accessKeyID: "\(server.user.accessKeyID)", secretAccessKey: "\(server.user.secretAccessKey)"}
            """)
        try await fixture.apply(
            ControllerFixture.manifest("remote", size: 1, more: "  backup: {interval: 24h, \(storage)}"))
        try await fixture.apply(ControllerFixture.manifest("near", size: 1, more: "  backup: {interval: 24h}"))
        for name in ["remote", "near"] {
            try await fixture.waitForCluster(name)
            try await fixture.succeed("wait", "ec/\(name)", "--for", "condition=BackupReady", "--timeout", "60s")
        }
        // The scheduled first one is out of the way of the counting below.
        try await fixture.succeed("backup", "remote", "--name", "first")
        let scheduled = try await fixture.records(EtcdBackup.self).first {
            $0.spec.clusterRef.name == "remote" && $0.metadata.name != "first"
        }
        let name = try #require(scheduled?.metadata.name)
        try await fixture.apply(
            """
            apiVersion: lodestone.dev/v1alpha1
            kind: EtcdBackup
            metadata: {name: \(name)}
            spec: {clusterRef: {name: remote}, deletionPolicy: Delete, \(storage)}
            """)
        try await fixture.succeed("delete", "eb", name)
    }

    /// Asks for a backup as the schedule does: whether one of those failed is part of the cluster's health.
    private func ask(_ fixture: ControllerFixture, _ name: String, _ storage: String) async throws {
        let applied = try await fixture.apply(
            """
            apiVersion: lodestone.dev/v1alpha1
            kind: EtcdBackup
            metadata: {name: \(name), labels: {\(EtcdBackup.scheduledLabel): "true"}}
            spec: {clusterRef: {name: remote}, \(storage)}
            """)
        #expect(applied.status == 0, "\(applied.errors)")
    }

    /// Waits for the backup that was asked for in the trouble, or makes another one where its attempts are used up.
    private func comesThrough(_ fixture: ControllerFixture, _ trouble: Trouble) async throws -> String {
        let name = trouble.rawValue
        if !trouble.isFinal {
            let phase = try await eventually("the backup comes through", timeout: .seconds(60)) { () -> BackupPhase? in
                let phase = try await fixture.record(EtcdBackup.self, name)?.status.phase
                return phase == .succeeded || phase == .failed ? phase : nil
            }
            if phase == .succeeded { return name }
            // The trouble lasts as long as its telling, which may be longer than the attempts on a busy machine.
            print("The backup \(name) was given up before the trouble was over.")
        }
        try await fixture.succeed("backup", "remote", "--name", "after-\(name)")
        return "after-\(name)"
    }

    /// The cluster's condition and the report say that its backups fail, of this cluster and no other.
    private func reported(_ fixture: ControllerFixture) async throws {
        try await eventually("the condition tells", timeout: .seconds(30)) {
            let condition = try await fixture.record(EtcdCluster.self, "remote")?.status.conditions[.backupReady]
            return condition?.status == .false && condition?.reason == "BackupFailed"
        }
        #expect(
            try await fixture.record(EtcdCluster.self, "near")?.status.conditions[.backupReady]?.status == .true)
        let report = try await fixture.lodestone("report").output
        #expect(report.contains("BackupFailing: the last backup failed"), "\(report)")
    }
}

/// What can happen to an object storage.
private enum Trouble: String, CaseIterable {
    case forbidden, full, down, failing, stopped

    /// Whether it is told within seconds.
    var isQuick: Bool { self == .forbidden || self == .full || self == .down }

    /// Whether a backup is given up at once, as trying again cannot help.
    var isFinal: Bool { self == .forbidden }

    func begin(_ server: RealS3, _ proxy: FaultyProxy) async throws {
        switch self {
        case .forbidden: try await server.suspendUser()
        case .full: proxy.set(.answer(Self.answer("507 Insufficient Storage", "QuotaExceeded"), times: .max))
        case .down: try await server.killGateway()
        case .failing: proxy.set(.answer(Self.answer("500 Internal Server Error", "InternalError"), times: .max))
        case .stopped: server.pauseGateway()
        }
    }

    func end(_ server: RealS3, _ proxy: FaultyProxy) async throws {
        switch self {
        case .forbidden: try await server.suspendUser(false)
        case .full, .failing: proxy.set(.none)
        case .down: try await server.startGateway()
        case .stopped: server.resumeGateway()
        }
    }

    func isTold(in backup: EtcdBackup) -> Bool {
        let message = backup.status.message
        return switch self {
        case .forbidden: backup.status.phase == .failed && message.contains("check the keys")
        case .full: isTried(backup) && message.contains("free space there")
        case .down, .failing, .stopped: isTried(backup)
        }
    }

    /// Whether an attempt is told to have failed, or all of them are used up.
    private func isTried(_ backup: EtcdBackup) -> Bool {
        let message = backup.status.message
        return backup.status.phase == .failed || (message.contains("attempt") && message.contains("failed"))
    }

    private static func answer(_ status: String, _ code: String) -> String {
        let body = "<Error><Code>\(code)</Code></Error>"
        return "HTTP/1.1 \(status)\r\nContent-Type: application/xml\r\nContent-Length: \(body.utf8.count)\r\n"
            + "Connection: close\r\n\r\n\(body)"
    }
}
