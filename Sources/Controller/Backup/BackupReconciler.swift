import Archive
public import ControllerRuntime
import Etcd
public import Model
import Observers
import Store

/// Makes one backup: writes down that it begins, runs the pipeline as a job, and puts the manifest's figures on record.
///
/// A backup exists when its manifest exists. So after a restart the archive is asked before anything is begun again.
public struct BackupReconciler: Reconciler {
    /// The finalizer that ends a backup under way, and removes stored bytes where the record asks for that.
    static let finalizer = "lodestone.dev/backup"
    /// The name of the job.
    static let job = "backup"
    /// After so many attempts a backup has failed.
    static let attempts: Int64 = 5
    /// How soon to look at a job again, for its progress.
    static let look = Duration.milliseconds(500)

    let services: ControllerServices

    /// Creates the reconciler.
    public init(services: ControllerServices) {
        self.services = services
    }

    /// Takes the backup one step further.
    public func reconcile(_ backup: inout EtcdBackup) async throws -> Outcome {
        if backup.metadata.deletionTimestamp != nil { return try await finalize(&backup) }
        backup.status.observedGeneration = backup.metadata.generation
        switch backup.status.phase {
        case .failed: return .settled
        case .succeeded, .lost: return await BackupPresence(services: services).check(&backup)
        case .pending: return try await begin(&backup)
        case .running: return try await look(at: &backup)
        }
    }

    // MARK: The steps

    /// Finds the cluster and writes down which of its lives is backed up, before a byte is moved.
    private func begin(_ backup: inout EtcdBackup) async throws -> Outcome {
        let cluster: EtcdCluster
        do {
            cluster = try await self.cluster(of: backup)
        } catch StoreError.notFound {
            fail(&backup, "there is no EtcdCluster \"\(backup.spec.clusterRef.name)\" in this namespace")
            return .settled
        }
        guard !cluster.status.incarnation.isEmpty, !cluster.status.clusterID.isEmpty else {
            backup.status.message = "waiting until the cluster has formed"
            return .again(after: .seconds(2), because: "the cluster has not formed yet")
        }
        let storage = services.archives.resolved(
            backup.spec.storage ?? cluster.spec.backup?.storage ?? BackupStorageSpec())
        do {
            _ = try await services.archives.storage(storage, with: services.access.secrets(of: backup))
        } catch let problem as AccessProblem {
            return wait(&backup, problem)
        }
        if !backup.metadata.finalizers.contains(Self.finalizer) { backup.metadata.finalizers.append(Self.finalizer) }
        // So that it is found with its cluster, whoever made it.
        backup.metadata.labels[ControllerServices.clusterLabel] = cluster.metadata.name
        backup.status.phase = .running
        backup.status.message = "starting"
        backup.status.attempts += 1
        backup.status.startTime = Timestamp.now.wholeSeconds
        backup.status.incarnation = cluster.status.incarnation
        backup.status.storage = storage
        let policy = cluster.spec.backup ?? BackupPolicy()
        backup.status.compression = backup.spec.compression ?? policy.compression
        backup.status.encryption = backup.spec.encryption ?? policy.encryption
        return .again(after: .zero, because: "what is about to be made is written down first")
    }

    private func look(at backup: inout EtcdBackup) async throws -> Outcome {
        switch await services.jobs.state(of: Self.job, for: backup) {
        case nil: return try await start(&backup)
        case .waiting:
            backup.status.message = "waiting for other backups"
            // Its end wakes it; thousands that wait must not keep the loop busy with looking.
            return .again(after: .seconds(30), because: "other backups come first")
        case .running(let progress):
            if let progress { show(progress, in: &backup) }
            return .again(after: Self.look, because: "the backup is under way")
        case .finished:
            guard let result = await services.jobs.takeResult(of: Self.job, for: backup) else {
                return .again(after: .zero, because: "the result was just taken")
            }
            return await conclude(&backup, result)
        }
    }

    private func start(_ backup: inout EtcdBackup) async throws -> Outcome {
        let cluster: EtcdCluster
        do {
            cluster = try await self.cluster(of: backup)
        } catch StoreError.notFound {
            fail(&backup, "EtcdCluster \"\(backup.spec.clusterRef.name)\" was deleted while it was backed up")
            return .settled
        }
        let storageSpec = storage(of: backup, cluster)
        let id = Self.identity(of: backup)
        guard cluster.status.incarnation == backup.status.incarnation else {
            fail(
                &backup,
                "EtcdCluster \"\(backup.spec.clusterRef.name)\" is another one than when the backup began; make a new backup"
            )
            return .settled
        }
        let archive: BackupArchive
        let pipeline: BackupPipeline
        do {
            let storage = try await services.archives.storage(
                storageSpec, with: services.access.secrets(of: backup))
            let keys = try await BackupKeys(store: services.store).keyring(
                backup.status.encryption, in: backup.metadata.namespace)
            // What began before a form was decided on is stored as the member sends it.
            let form = StoredForm(compression: backup.status.compression ?? .none, key: try keys?.current())
            archive = BackupArchive(storage: storage)
            pipeline = services.archives.pipeline(into: storage, form: form)
        } catch let problem as AccessProblem {
            return wait(&backup, problem)
        } catch {
            return await conclude(&backup, .failure(error))
        }
        backup.status.location = (try? archive.location(of: id)) ?? ""
        let services = services
        let incarnation = backup.status.incarnation
        await services.jobs.start(Self.job, for: backup) { handle in
            // An earlier run of the controller may have finished it.
            do {
                let manifest = try await archive.manifest(of: id)
                // What that run had staged here is of no use any more; should it stay, the next backup removes it.
                _ = try? await archive.removeLeftovers(of: id.cluster)
                return manifest
            } catch let error as ArchiveError where error.code == .notFound {
                // So it is made now.
            }
            let origin = try await BackupOrigin.find(
                for: cluster, incarnation: incarnation, services: services)
            let snapshot = try await origin.client.snapshot()
            defer { snapshot.cancel() }
            return try await pipeline.run(id, from: origin.description, snapshot, progress: { handle.report($0) })
        }
        return .again(after: Self.look, because: "the backup is under way")
    }

    /// Waits for a Secret: its coming wakes the backup.
    private func wait(_ backup: inout EtcdBackup, _ problem: AccessProblem) -> Outcome {
        backup.status.message = "waiting: \(problem)"
        backup.status.conditions.set(
            Condition(.ready, .unknown, reason: problem.reason, message: backup.status.message), at: .now,
            generation: backup.metadata.generation)
        return .again(after: .seconds(60), because: "\(problem)")
    }

    private func conclude(_ backup: inout EtcdBackup, _ result: Result<BackupManifest, any Error>) async -> Outcome {
        switch result {
        case .success(let manifest):
            show(manifest, in: &backup)
            if manifest.doubt.isEmpty {
                services.events.normal(backup, "BackupSucceeded", backup.status.message)
            } else {
                services.events.warning(backup, "BackupInDoubt", backup.status.message)
            }
            wakeCluster(of: backup)
            return .again(after: BackupPresence.interval, because: "the backup is looked for then")
        case .failure(is CancellationError):
            // The controller is stopping; the next one begins again where this one stood.
            backup.status.message = "interrupted"
            return .again(after: .seconds(1), because: "the backup was interrupted")
        case .failure(let error) where backup.status.attempts < Self.attempts && Self.isWorthRetrying(error):
            backup.status.phase = .pending
            backup.status.message = "attempt \(backup.status.attempts) failed: \(error)"
            services.events.warning(backup, "BackupRetried", backup.status.message)
            return .again(after: .seconds(1 << min(backup.status.attempts, 6)), because: "the attempt failed")
        case .failure(let error):
            fail(&backup, "\(error)")
            wakeCluster(of: backup)
            return .settled
        }
    }

    // MARK: What people see

    private func show(_ progress: BackupProgress, in backup: inout EtcdBackup) {
        backup.status.transferred = ByteCount(Int64(progress.received))
        backup.status.expected = ByteCount(Int64(progress.expected))
        backup.status.message = progress.phase.rawValue
    }

    private func show(_ manifest: BackupManifest, in backup: inout EtcdBackup) {
        backup.status.phase = .succeeded
        backup.status.completionTime = manifest.finished.wholeSeconds
        backup.status.checkedTime = Timestamp.now.wholeSeconds
        backup.status.startTime = manifest.started.wholeSeconds
        backup.status.member = manifest.member.name
        backup.status.revision = manifest.content.revision
        backup.status.compactRevision = manifest.content.compactRevision
        backup.status.keys = manifest.content.liveKeys
        backup.status.leases = manifest.content.leases
        backup.status.size = ByteCount(manifest.file.size)
        backup.status.storedSize = ByteCount(manifest.stored.size)
        backup.status.keyID = manifest.stored.encryption?.keyID ?? ""
        backup.status.transferred = backup.status.size
        backup.status.expected = backup.status.size
        backup.status.sha256 = manifest.file.sha256
        backup.status.hashKV = manifest.content.hashKV
        backup.status.etcdVersion = manifest.etcdVersion
        backup.status.clusterID = manifest.cluster.id
        let keys = manifest.content.liveKeys
        let packed =
            manifest.stored.compression == .none ? "" : ", stored in \(ByteCount(manifest.stored.size).rounded)"
        let sealed = manifest.stored.encryption.map { ", encrypted with key \"\($0.keyID)\"" } ?? ""
        backup.status.message =
            "revision \(manifest.content.revision) with \(keys) keys in \(ByteCount(manifest.file.size).rounded), "
            + "verified\(packed)\(sealed)" + (manifest.doubt.isEmpty ? "" : "; in doubt: \(manifest.doubt)")
        backup.status.conditions.set(
            Condition(
                .ready, .true, reason: manifest.doubt.isEmpty ? "BackupSucceeded" : "BackupInDoubt",
                message: backup.status.message), at: .now, generation: backup.metadata.generation)
        guard !manifest.doubt.isEmpty else { return }
        backup.status.conditions.set(
            Condition(.consistent, .false, reason: "MembersDiffered", message: manifest.doubt), at: .now,
            generation: backup.metadata.generation)
    }

    private func fail(_ backup: inout EtcdBackup, _ message: String) {
        backup.status.phase = .failed
        backup.status.message = message
        backup.status.completionTime = Timestamp.now.wholeSeconds
        // Nothing of it is stored.
        backup.status.location = ""
        backup.status.conditions.set(
            Condition(.ready, .false, reason: "BackupFailed", message: message), at: .now,
            generation: backup.metadata.generation)
        services.events.warning(backup, "BackupFailed", message)
    }

    private func wakeCluster(of backup: EtcdBackup) {
        services.wakeups.wake(
            RecordID(EtcdCluster.kind, namespace: backup.metadata.namespace, name: backup.spec.clusterRef.name))
    }

    // MARK: Names and places

    func cluster(of backup: EtcdBackup) async throws -> EtcdCluster {
        try await services.store.get(
            EtcdCluster.self, named: backup.spec.clusterRef.name, in: backup.metadata.namespace)
    }

    func storage(of backup: EtcdBackup, _ cluster: EtcdCluster?) -> BackupStorageSpec {
        backup.status.storage ?? backup.spec.storage ?? cluster?.spec.backup?.storage ?? BackupStorageSpec()
    }

    /// The identity of the stored backup: with the time of the record's creation, so that a record made again under an
    /// old name never meets the bytes of the old one.
    static func identity(of backup: EtcdBackup) -> BackupID {
        let created = (backup.metadata.creationTimestamp ?? Timestamp(secondsSinceEpoch: 0)).description
        let stamp = created.filter { $0.isNumber }
        return BackupID(
            cluster: ClusterIncarnation(
                namespace: backup.metadata.namespace, name: backup.spec.clusterRef.name,
                incarnation: backup.status.incarnation),
            name: "\(stamp)-\(backup.metadata.name)-\(backup.metadata.uid.prefix(8))")
    }

    private static func isWorthRetrying(_ error: any Error) -> Bool {
        switch error {
        case let error as ArchiveError: error.isRetryable
        case let error as EtcdError: ![.permissionDenied, .wrongPassword, .unimplemented].contains(error.code)
        case is AccessProblem: false
        default: true
        }
    }
}
