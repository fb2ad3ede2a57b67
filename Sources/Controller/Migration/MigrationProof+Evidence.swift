import Model
import Replication

extension MigrationSight {
    /// What the exact engine tells.
    init(_ progress: ReplicationProgress) {
        isFollowing = progress.applied > 0
        part = 1
        applied = progress.applied
        sourceRevision = progress.sourceRevision
        lag = progress.lag
        rate = Int64(progress.ratePerSecond)
        trouble = progress.failure
    }

    /// What the copying engine tells.
    init(_ progress: CopyProgress) {
        isFollowing = progress.phase == .tail
        part = progress.keysTotal > 0 ? min(1, Double(progress.keysCopied) / Double(progress.keysTotal)) : 0
        applied = progress.applied
        sourceRevision = progress.sourceRevision
        lag = progress.lag
        rate = Int64(progress.ratePerSecond)
        keys = progress.phase == .tail ? nil : Int64(progress.keysCopied)
        trouble = progress.waiting?.description
    }
}

extension MigrationProof {
    /// How many differences a record lists.
    private static let listed = 100

    /// What an exact comparison said.
    init(_ evidence: ExactEvidence) {
        self.init()
        verdict = evidence.isEqual ? .equal : evidence.differences.isEmpty ? .unknown : .different
        revision = evidence.revision
        hashKV = evidence.source.first.map { Int64($0.hash) }
        members = Int64(evidence.source.count + evidence.destination.count)
        leases = evidence.leasesCompared > 0 ? Int64(evidence.leasesCompared) : nil
        differenceCount = Int64(evidence.differences.count)
        differences = evidence.differences.prefix(Self.listed).map { MigrationDifference($0) }
        // Hashes above different compactions say nothing.
        if evidence.differences.contains(where: { if case .compaction = $0 { true } else { false } }),
            differences.allSatisfy({ $0.code == "Compaction" })
        {
            verdict = .unknown
        }
        message =
            switch verdict {
            case .equal:
                "\(evidence.source.count) and \(evidence.destination.count) members have the HashKV \(hashKV ?? 0) at revision "
                    + "\(evidence.revision)"
            case .different, .unknown:
                "\(differenceCount) differences at revision \(evidence.revision): "
                    + (evidence.differences.first?.description ?? "")
            }
    }

    /// What a comparison of keys said.
    init(_ result: KeyspaceComparisonResult) {
        self.init()
        verdict = result.isEqual ? .equal : .different
        revision = result.sourceRevision
        keys = Int64(result.sourceKeys)
        differenceCount = Int64(result.differenceCount)
        differences = result.differences.prefix(Self.listed).map {
            MigrationDifference(
                code: $0.kind.rawValue, subject: String(decoding: $0.key, as: UTF8.self), message: $0.description)
        }
        let kept = result.keptKeys > 0 ? ", \(result.keptKeys) that were there before were left alone" : ""
        message =
            result.isEqual
            ? "\(result.sourceKeys) keys are the same at the source's revision \(result.sourceRevision)\(kept)"
            : "\(result.differenceCount) of \(result.sourceKeys) keys differ at the source's revision "
                + "\(result.sourceRevision): \(result.differences.first?.description ?? "")"
    }
}

extension MigrationProof {
    /// Adds what a comparison of Kubernetes objects said.
    mutating func add(_ result: KubernetesComparisonResult) {
        let undecodable = result.undecodable > 0 ? " (\(result.undecodable) compared as bytes)" : ""
        guard !result.isEqual else {
            message += "; \(result.sourceObjects) Kubernetes objects are the same\(undecodable)"
            return
        }
        verdict = .different
        differenceCount += Int64(result.differenceCount)
        differences += result.differences.prefix(Self.listed).map {
            MigrationDifference(
                code: "Kubernetes", subject: String(decoding: $0.key, as: UTF8.self), message: $0.description)
        }
        message += "; \(result.differenceCount) of \(result.sourceObjects) Kubernetes objects differ\(undecodable)"
    }
}

extension MigrationDifference {
    fileprivate init(_ difference: ExactDifference) {
        let code =
            switch difference {
            case .hash: "HashKV"
            case .compaction: "Compaction"
            case .leaseMissing, .leaseUnexpected, .leaseTimeToLive, .leaseKeys: "Leases"
            case .user, .role, .authentication: "Users"
            }
        self.init(code: code, subject: "", message: difference.description)
    }
}
