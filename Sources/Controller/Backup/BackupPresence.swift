import Archive
import ControllerRuntime
import Model
import Store

/// Looks every hour whether a finished backup is still in its storage: a backup exists where its manifest exists, and a
/// record that says otherwise would be green over nothing.
///
/// The look reads the manifest and the sizes of its objects. Their bytes are read and proven when a person asks for it by
/// an annotation. It runs as a job, so that a storage that hangs holds up nothing but looks at backups.
struct BackupPresence {
    /// What was seen in the storage.
    struct Sight: Sendable {
        /// The manifest.
        var manifest: BackupManifest
        /// The request by which all bytes were proven; nil if nobody asked.
        var request: String?
    }

    /// What a look found.
    enum Finding: Equatable {
        /// The backup is there, as its record says.
        case there
        /// It is gone, or something else lies in its place; why, as a sentence.
        case gone(String)
        /// It could not be told; why, as a sentence.
        case unknown(String)
    }

    /// How often a backup is looked for.
    static let interval = Duration.seconds(3600)
    /// How soon a look that could not tell is repeated.
    static let patience = Duration.seconds(300)
    /// How old the last sight of the newest backup may be before it is no longer taken for granted.
    static let trust = interval * 3

    private static let job = "presence"

    let services: ControllerServices

    /// When a backup is to be looked for; spread over ten minutes, so that thousands are not looked for at once.
    static func due(_ backup: EtcdBackup) -> Timestamp {
        let last = backup.status.checkedTime ?? backup.status.completionTime ?? Timestamp(secondsSinceEpoch: 0)
        let spread = backup.metadata.uid.utf8.reduce(UInt64(17)) { $0 &* 31 &+ UInt64($1) } % 600
        return last + interval + .seconds(Int64(spread))
    }

    /// The request to prove all bytes that was not answered yet.
    private static func request(of backup: EtcdBackup) -> String? {
        let wish = backup.metadata.annotations[EtcdBackup.verifyAnnotation]
        return wish == backup.status.verifyRequest ? nil : wish
    }

    /// What the answer of the archive means for a record.
    static func judge(_ result: Result<Sight, any Error>, of backup: EtcdBackup) -> Finding {
        switch result {
        case .success(let sight) where sight.manifest.file.sha256 == backup.status.sha256: return .there
        case .success:
            return .gone("another backup lies in its place: the SHA-256 is not the one this record has")
        case .failure(let error as ArchiveError):
            switch error.code {
            case .notFound, .contradiction, .invalidManifest: return .gone("\(error)")
            default: return .unknown("\(error)")
            }
        case .failure(let error): return .unknown("\(error)")
        }
    }

    /// Takes the next step of looking for a finished backup.
    func check(_ backup: inout EtcdBackup, at now: Timestamp = .now) async -> Outcome {
        switch await services.presence.state(of: Self.job, for: backup) {
        case .waiting, .running:
            return .again(after: .seconds(30), because: "the storage is being asked for the backup")
        case .finished:
            guard let result = await services.presence.takeResult(of: Self.job, for: backup) else {
                return .again(after: .zero, because: "the answer was just taken")
            }
            // A request that cannot be answered now is answered by saying so; asking again is a new request.
            if let request = Self.request(of: backup) { backup.status.verifyRequest = request }
            if (try? result.get())?.request != nil { backup.status.verifiedTime = now.wholeSeconds }
            return conclude(&backup, result, at: now)
        case nil: break
        }
        let due = Self.due(backup)
        let request = Self.request(of: backup)
        guard due <= now || request != nil else {
            return .again(after: due - now, because: "the backup is looked for then")
        }
        guard let spec = backup.status.storage else { return .settled }
        let id = BackupReconciler.identity(of: backup)
        let (archives, secrets) = (services.archives, services.access.secrets(of: backup))
        let keys = BackupKeys(store: services.store)
        let (encryption, namespace) = (backup.status.encryption, backup.metadata.namespace)
        await services.presence.start(Self.job, for: backup) { _ in
            let archive = try await archives.archive(
                spec, with: secrets, keys: try await keys.keyring(encryption, in: namespace))
            let manifest = request == nil ? try await archive.confirm(id) : try await archive.verify(id)
            return Sight(manifest: manifest, request: request)
        }
        return .again(after: .seconds(30), because: "the storage is being asked for the backup")
    }

    /// Whether the bytes may be sound but nobody could read them as things stand.
    private static func isKeyMissing(_ result: Result<Sight, any Error>) -> Bool {
        guard case .failure(let error as ArchiveError) = result else { return false }
        return [.keyMissing, .wrongKey, .invalidKey].contains(error.code)
    }

    private func conclude(
        _ backup: inout EtcdBackup, _ result: Result<Sight, any Error>, at now: Timestamp
    ) -> Outcome {
        let finding = Self.judge(result, of: backup)
        let before = backup.status.phase
        switch finding {
        case .there:
            backup.status.phase = .succeeded
            backup.status.checkedTime = now.wholeSeconds
            set(.stored, .true, "Found", "the backup is in its storage", &backup, now)
            set(.ready, .true, "BackupSucceeded", backup.status.message, &backup, now)
            if before == .lost {
                services.events.normal(backup, "BackupFound", "the backup is in its storage again")
            }
        case .gone(let reason):
            backup.status.phase = .lost
            backup.status.checkedTime = now.wholeSeconds
            set(.stored, .false, "Lost", reason, &backup, now)
            set(.ready, .false, "Lost", reason, &backup, now)
            if before != .lost { services.events.warning(backup, "BackupLost", reason) }
        case .unknown(let reason):
            let cause = Self.isKeyMissing(result) ? "KeyMissing" : "StorageUnavailable"
            set(.stored, .unknown, cause, reason, &backup, now)
        }
        services.wakeups.wake(
            RecordID(EtcdCluster.kind, namespace: backup.metadata.namespace, name: backup.spec.clusterRef.name))
        if case .unknown = finding {
            return .again(after: Self.patience, because: "it could not be told whether the backup is there")
        }
        return .again(after: Self.interval, because: "the backup is looked for then")
    }

    private func set(
        _ type: ConditionType, _ status: ConditionStatus, _ reason: String, _ message: String,
        _ backup: inout EtcdBackup, _ now: Timestamp
    ) {
        backup.status.conditions.set(
            Condition(type, status, reason: reason, message: message), at: now,
            generation: backup.metadata.generation)
    }
}
