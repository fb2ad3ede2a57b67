import Inspectors
import Model

/// Writes what is known of a cluster into its status: a pure function of evidence and clock.
struct ClusterStatusBuilder {
    /// What the members' ladders of probes showed; nil if they were not probed.
    var health: HealthObservation?
    /// Whether the members were not seen for so long that what was seen then counts as not known.
    var isEvidenceTooOld = false
    /// The judgement of those ladders.
    var judgement: Judgement?
    /// What is known of the members' processes, by name; empty where Lodestone does not run them.
    var processes: [String: LocalProvider.ProcessView] = [:]
    /// The inspections of the cluster.
    var inspections: [EtcdInspection] = []
    /// What a person must change before anything can go on, if anything.
    var obstacle: Obstacle?
    /// The moment.
    var now: Timestamp

    /// What stands in the way, as a condition says it.
    struct Obstacle: Equatable {
        var reason: String
        var message: String
    }

    func update(_ cluster: inout EtcdCluster) {
        let generation = cluster.metadata.generation
        updateMembers(&cluster.status)
        updateInspections(&cluster.status)
        let quorum = cluster.status.members.count { $0.role != .learner } / 2 + 1
        cluster.status.phase = phase(cluster)
        cluster.status.conditions.set(ready(cluster), at: now, generation: generation)
        cluster.status.conditions.set(available(cluster, quorum: quorum), at: now, generation: generation)
        cluster.status.conditions.set(consistent(cluster), at: now, generation: generation)
        if cluster.spec.paused {
            cluster.status.conditions.set(paused(cluster), at: now, generation: generation)
        } else {
            cluster.status.conditions.removeAll { $0.type == .paused }
        }
        if obstacle == nil, health != nil { cluster.status.observedGeneration = generation }
    }

    private func updateMembers(_ status: inout EtcdClusterStatus) {
        let planned = status.members
        guard let health else {
            for index in status.members.indices {
                apply(processes[status.members[index].name], to: &status.members[index])
                status.members[index].role = .unknown
            }
            status.readyMembers = 0
            return
        }
        var seen: [MemberStatus] = []
        for member in health.members {
            var entry =
                planned.first { $0.name == member.name } ?? planned.first { $0.endpoint == member.endpoint }
                ?? MemberStatus()
            entry.update(from: member)
            if health.isForeign(member), let id = member.status.answer?.answer.clusterID {
                entry.phase = .unhealthy
                entry.role = .unknown
                entry.message = "belongs to cluster \(String(id, radix: 16))"
            }
            apply(processes[entry.name], to: &entry)
            seen.append(entry)
        }
        // Members that are planned and not yet in any list stay visible.
        seen += planned.filter { old in !seen.contains { $0.name == old.name } && processes[old.name] != nil }.map {
            var entry = $0
            apply(processes[entry.name], to: &entry)
            return entry
        }
        status.members = seen.sorted { $0.name < $1.name }
        status.readyMembers = health.members.count {
            !$0.isLearner && $0.linearizableRead.answer != nil && !health.isForeign($0)
        }
        status.leader = status.members.first { $0.role == .leader }?.name ?? ""
        let samples = health.members.filter { !health.isForeign($0) }.compactMap { $0.status.answer?.answer }
        status.revision = samples.map(\.revision).max() ?? status.revision
        status.version = samples.compactMap { EtcdVersion($0.version) }.min()?.description ?? status.version
        status.observedTime = health.takenAt.wholeSeconds
    }

    /// Adds what the process tells to what the probes told: why a member does not serve, where it is known.
    private func apply(_ process: LocalProvider.ProcessView?, to entry: inout MemberStatus) {
        guard let process else { return }
        entry.pid = process.pid
        entry.startTime = process.startTime
        entry.restarts += process.newRestarts
        guard entry.phase != .running || process.pid == nil, let phase = process.phase else { return }
        entry.phase = phase
        entry.role = entry.role == .learner ? .learner : .unknown
        if !process.message.isEmpty { entry.message = process.message }
    }

    private func updateInspections(_ status: inout EtcdClusterStatus) {
        status.inspections = inspections.sorted { $0.metadata.name < $1.metadata.name }.map { inspection in
            var summary = InspectionSummary()
            summary.name = inspection.metadata.name
            summary.type = inspection.spec.type
            summary.verdict = inspection.status.verdict
            summary.time = inspection.status.lastRunTime?.wholeSeconds
            summary.message = inspection.status.message
            return summary
        }
    }

    private func phase(_ cluster: EtcdCluster) -> ClusterPhase {
        if cluster.metadata.deletionTimestamp != nil { return .deleting }
        let wasFormed = !cluster.status.clusterID.isEmpty
        switch judgement?.verdict {
        case .healthy: return .running
        case .degraded:
            // A slow probe or a size is told by its finding; an alarm or a foreign cluster is no cluster that is fine.
            let isGrave = judgement?.findings.contains { $0.severity == .critical } ?? false
            return cluster.status.readyMembers == voters(cluster) && !isGrave ? .running : .degraded
        case .quorumLost: return wasFormed ? .quorumLost : obstacle == nil ? .creating : .failed
        default:
            if obstacle != nil { return .failed }
            if cluster.spec.provider == .local, !wasFormed {
                return cluster.status.members.isEmpty ? .pending : .creating
            }
            // Where we see the processes themselves, silence is not a question of the way there.
            return !processes.isEmpty && processes.values.allSatisfy { $0.pid == nil } ? .quorumLost : .unknown
        }
    }

    private func voters(_ cluster: EtcdCluster) -> Int {
        cluster.status.members.count { $0.role != .learner }
    }

    private func ready(_ cluster: EtcdCluster) -> Condition {
        if let obstacle { return Condition(.ready, .false, reason: obstacle.reason, message: obstacle.message) }
        let message = processTrouble(cluster) ?? judgement?.message ?? unseen
        switch cluster.status.phase {
        case .running: return Condition(.ready, .true, reason: "AllMembersServe", message: message)
        case .pending where cluster.spec.paused, .creating where cluster.spec.paused:
            return Condition(
                .ready, .false, reason: "Paused", message: "members are not started while spec.paused is true")
        case .pending, .creating, .restoring:
            return Condition(.ready, .false, reason: "Creating", message: "members are being started")
        case .unknown: return Condition(.ready, .unknown, reason: unknownReason, message: message)
        case .degraded:
            return Condition(
                .ready, .false,
                reason: cluster.status.readyMembers < voters(cluster) ? "MembersMissing" : "FindingsOpen",
                message: message)
        case .quorumLost: return Condition(.ready, .false, reason: "QuorumLost", message: message)
        case .failed: return Condition(.ready, .false, reason: "Failed", message: message)
        case .deleting: return Condition(.ready, .false, reason: "Deleting", message: "the record is being deleted")
        }
    }

    /// That nothing is done to the cluster, and who is down because of it.
    private func paused(_ cluster: EtcdCluster) -> Condition {
        let down = processes.filter { $0.value.pid == nil }.keys.sorted()
        let members = down.isEmpty ? "" : "; down and not started again: \(down.joined(separator: ", "))"
        return Condition(
            .paused, .true, reason: down.isEmpty ? "SpecPaused" : "MembersStayDown",
            message: "spec.paused is true, so nothing is started, stopped, backed up or removed\(members)")
    }

    private var unknownReason: String { isEvidenceTooOld ? "EvidenceOld" : "NotObserved" }

    private var unseen: String {
        isEvidenceTooOld
            ? "the members were last seen more than \(EtcdCluster.evidenceLimit.goText) ago, and looking takes long"
            : "the members have not been probed yet"
    }

    /// Why a member's process does not run: a better reason than that nothing answers where it should listen.
    private func processTrouble(_ cluster: EtcdCluster) -> String? {
        guard judgement?.verdict != .healthy else { return nil }
        return cluster.status.members.lazy.compactMap { member in
            guard let process = processes[member.name], process.pid == nil, !process.message.isEmpty else { return nil }
            return "\(member.name): \(process.message)"
        }.first
    }

    private func available(_ cluster: EtcdCluster, quorum: Int) -> Condition {
        guard let judgement, judgement.verdict != .unknown else {
            return Condition(
                .available, .unknown, reason: unknownReason, message: judgement?.message ?? unseen)
        }
        let serving = cluster.status.readyMembers
        return serving > 0
            ? Condition(
                .available, .true, reason: "QuorumServes",
                message: "\(serving) of \(voters(cluster)) voting members serve; \(quorum) make a quorum")
            : Condition(.available, .false, reason: "QuorumLost", message: judgement.message)
    }

    private func consistent(_ cluster: EtcdCluster) -> Condition {
        guard let summary = cluster.status.inspections.first(where: { $0.type == .consistency }) else {
            return Condition(.consistent, .unknown, reason: "NotInspected", message: "no consistency inspection runs")
        }
        let status: ConditionStatus =
            switch summary.verdict {
            case .consistent: .true
            case .diverged: .false
            default: .unknown
            }
        return Condition(.consistent, status, reason: summary.verdict.rawValue, message: summary.message)
    }
}
