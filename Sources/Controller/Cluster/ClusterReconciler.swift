public import ControllerRuntime
public import Model
import Observers
import Store

/// Brings one etcd cluster to its spec: finalize, plan, run, observe, own, report, in this order.
public struct ClusterReconciler: Reconciler {
    /// The finalizer that keeps a Local cluster's record until its members are stopped and their data is put away.
    static let finalizer = "lodestone.dev/members"
    /// How soon to look again while something is under way.
    private static let impatience = Duration.seconds(1)

    let services: ControllerServices

    /// Creates the reconciler.
    public init(services: ControllerServices) {
        self.services = services
    }

    /// Takes the cluster one step towards its spec and writes into the status what it saw.
    public func reconcile(_ cluster: inout EtcdCluster) async throws -> Outcome {
        if cluster.metadata.deletionTimestamp != nil { return try await finalize(&cluster) }
        let before = cluster.status.phase
        var builder = ClusterStatusBuilder(now: .now)
        if cluster.spec.provider == .local {
            if let outcome = try await plan(&cluster, &builder) { return outcome }
            if let outcome = try await ClusterRestorer(services: services).advance(&cluster, at: builder.now) {
                return outcome
            }
            // A copy that was made to see whether a backup comes back has shown it; nobody is to be served by it.
            if cluster.isDrill { return .settled }
            if let outcome = try await run(&cluster, &builder) { return outcome }
        }
        let nextDrill = try await DrillConductor(services: services).advance(&cluster, at: builder.now)
        builder.inspections = try await ownInspections(of: cluster)
        let evidence = await evidence(of: cluster, &builder)
        if evidence == .underWay {
            return Self.sooner(
                .again(
                    after: (cluster.spec.inspections.health.timeout ?? .seconds(5)) + .seconds(1),
                    because: "the members have not answered yet; the end of the look wakes it"), nextDrill, builder.now)
        }
        if cluster.spec.provider == .local { try await lookAtProcesses(cluster, &builder) }
        judge(&cluster, by: evidence, &builder)
        let nextBackup = try await BackupScheduler(services: services).advance(&cluster, at: builder.now)
        builder.update(&cluster)
        report(&cluster, since: before, at: builder.now)
        return Self.sooner(outcome(cluster, nextBackup, builder.now), nextDrill, builder.now)
    }

    // MARK: The steps

    /// A new Local cluster is planned before anything is started, so that whatever happens next is found again.
    private func plan(_ cluster: inout EtcdCluster, _ builder: inout ClusterStatusBuilder) async throws -> Outcome? {
        let hasFinalizer = cluster.metadata.finalizers.contains(Self.finalizer)
        guard !hasFinalizer || cluster.status.incarnation.isEmpty || cluster.status.members.isEmpty else { return nil }
        if !hasFinalizer { cluster.metadata.finalizers.append(Self.finalizer) }
        if cluster.status.incarnation.isEmpty || cluster.status.members.isEmpty {
            do {
                let plan = try await services.local.plan(cluster)
                cluster.status.incarnation = plan.incarnation
                cluster.status.members = plan.members
            } catch let problem as AccessProblem {
                builder.obstacle = .init(reason: problem.reason, message: problem.description)
                builder.update(&cluster)
                throw problem
            }
            cluster.status.phase = .creating
            cluster.status.lastOperation = LastOperation(
                type: cluster.spec.restore == nil ? "Create" : "Restore", state: "Processing",
                description: "starting \(cluster.status.members.count) members of etcd \(cluster.spec.version ?? "")",
                at: builder.now)
            services.events.normal(
                cluster, "Planned",
                "\(cluster.status.members.count) members with cluster token \(cluster.status.incarnation)")
        }
        return .again(after: .zero, because: "what was planned is written down before members are started")
    }

    private func run(_ cluster: inout EtcdCluster, _ builder: inout ClusterStatusBuilder) async throws -> Outcome? {
        do {
            if cluster.spec.paused {
                try await services.local.leaveAlone(cluster)
            } else if let plan = try await services.local.replan(cluster) {
                let old = plan.taken.map { String($0) }.joined(separator: ", ")
                cluster.status.members = plan.members
                services.events.warning(
                    cluster, "PortsTaken",
                    "another process listens on \(old); as the cluster has not formed yet, its members get other ports")
                return .again(after: .zero, because: "what was planned is written down before members are started")
            } else {
                try await services.local.run(cluster)
            }
        } catch let problem as AccessProblem {
            builder.obstacle = .init(reason: problem.reason, message: problem.description)
        }
        return nil
    }

    private func lookAtProcesses(_ cluster: EtcdCluster, _ builder: inout ClusterStatusBuilder) async throws {
        builder.processes = try await services.local.processes(of: cluster)
        let failed = builder.processes.sorted { $0.key < $1.key }.filter { $0.value.phase == .failed }
        // A member that fails while others serve is a degraded cluster; before it has formed it is an obstacle.
        if builder.obstacle == nil, !cluster.spec.paused, let first = failed.first,
            cluster.status.clusterID.isEmpty || failed.count == builder.processes.count
        {
            builder.obstacle = .init(reason: "MemberFailed", message: "\(first.key): \(first.value.message)")
        }
    }

    static func inspectionName(_ type: InspectionType, of cluster: EtcdCluster) -> String {
        inspectionName(type, ofClusterNamed: cluster.metadata.name)
    }

    static func inspectionName(_ type: InspectionType, ofClusterNamed name: String) -> String {
        "\(name)-\(type.rawValue.lowercased())"
    }

    /// Sees to it that every inspection that is switched on has its record, and that those switched off have none.
    private func ownInspections(of cluster: EtcdCluster) async throws -> [EtcdInspection] {
        var inspections: [EtcdInspection] = []
        for type in InspectionType.allCases {
            let name = Self.inspectionName(type, of: cluster)
            let settings = cluster.spec.inspections[type]
            let existing = try await services.store.find(
                EtcdInspection.self, named: name, in: cluster.metadata.namespace)
            let isOwned = existing?.metadata.ownerReferences.contains { $0.uid == cluster.metadata.uid } ?? true
            // A record of that name that somebody else made is left alone.
            guard isOwned else { continue }
            guard settings.enabled else {
                if let existing { try await services.store.delete(existing) }
                continue
            }
            var wanted = existing ?? EtcdInspection()
            if existing == nil {
                wanted.metadata = ObjectMeta(name: name, namespace: cluster.metadata.namespace)
                wanted.metadata.ownerReferences = [OwnerReference(to: cluster)]
                wanted.metadata.labels[ControllerServices.clusterLabel] = cluster.metadata.name
            }
            wanted.spec.clusterRef = LocalReference(name: cluster.metadata.name)
            wanted.spec.type = type
            wanted.spec.interval = settings.interval
            wanted.spec.timeout = settings.timeout
            wanted.spec.thresholds = settings.thresholds
            wanted.spec.suspend = false
            wanted.applyDefaults()
            if wanted != existing { wanted = try await services.store.apply(wanted) }
            inspections.append(wanted)
        }
        return inspections
    }

    private func finalize(_ cluster: inout EtcdCluster) async throws -> Outcome {
        cluster.status.phase = .deleting
        guard cluster.metadata.finalizers.contains(Self.finalizer) else { return .settled }
        cluster.status.lastOperation = LastOperation(
            type: "Delete", state: "Processing", description: "stopping the members", at: .now)
        cluster.status.conditions.set(
            Condition(.ready, .false, reason: "Deleting", message: "the record is being deleted"), at: .now,
            generation: cluster.metadata.generation)
        guard await services.restores.forget(cluster) else {
            return .again(after: .milliseconds(200), because: "the restore under way is being ended")
        }
        do {
            try await services.local.stop(cluster)
            try await services.local.removeStaging(of: cluster)
            try await services.local.putAway(cluster)
        } catch  where !(error is CancellationError) {
            // A record that does not go must say what holds it.
            let message = "EtcdCluster \(cluster.displayName) cannot be put away: \(error)"
            cluster.status.lastOperation = LastOperation(
                type: "Delete", state: "Error", description: message, at: .now)
            cluster.status.lastErrors.record(RecordedError(code: "DeletionBlocked", description: message, at: .now))
            services.events.warning(cluster, "DeletionBlocked", message)
            throw error
        }
        cluster.metadata.finalizers.removeAll { $0 == Self.finalizer }
        return .settled
    }

    // MARK: What people see

    private func report(_ cluster: inout EtcdCluster, since before: ClusterPhase, at now: Timestamp) {
        let phase = cluster.status.phase
        if phase == .running, let operation = cluster.status.lastOperation, operation.state == "Processing" {
            cluster.status.lastOperation = LastOperation(
                type: operation.type, state: "Succeeded", description: operation.description, at: now)
        }
        reportPause(cluster, at: now)
        guard phase != before else { return }
        let message = cluster.status.conditions[.ready]?.message ?? ""
        let isGood = phase == .running || phase == .creating || phase == .pending
        if isGood {
            services.events.normal(cluster, "Phase\(phase.rawValue)", message)
        } else {
            services.events.warning(cluster, "Phase\(phase.rawValue)", message)
            cluster.status.lastErrors.record(RecordedError(code: phase.rawValue, description: message, at: now))
        }
    }

    private func reportPause(_ cluster: EtcdCluster, at now: Timestamp) {
        let isNews = cluster.status.conditions[.paused]?.lastTransitionTime == now.wholeSeconds
        if cluster.spec.paused, isNews {
            services.events.normal(cluster, "Paused", cluster.status.conditions[.paused]?.message ?? "")
        }
    }

    /// How long to wait before a cluster that does not run is looked at again.
    ///
    /// The longer it has been so, the longer the wait, so that what is dead for good takes no time from the living.
    static func patience(_ cluster: EtcdCluster, _ now: Timestamp) -> Duration {
        let since = cluster.status.conditions[.ready]?.lastTransitionTime ?? now
        return min(max(impatience * 2, (now - since) / 10), impatience * 30)
    }

    /// The outcome, or an earlier one because of a drill.
    private static func sooner(_ outcome: Outcome, _ nextDrill: Timestamp?, _ now: Timestamp) -> Outcome {
        guard let nextDrill, case .again(let wait, _) = outcome, nextDrill - now < wait else { return outcome }
        return .again(after: max(.milliseconds(100), nextDrill - now), because: "the next step of a drill is due then")
    }

    private func outcome(_ cluster: EtcdCluster, _ nextBackup: Timestamp?, _ now: Timestamp) -> Outcome {
        guard cluster.status.phase == .running else {
            return .again(
                after: Self.patience(cluster, now), because: "the cluster is \(cluster.status.phase.rawValue)")
        }
        // Its inspection wakes this loop when there is news; what is shown of a quiet cluster should still be young
        // enough to be believed (`ReportBuilder`). Without a health inspection nobody else looks, so this loop does.
        let look = max(cluster.lookInterval, Self.impatience * 20)
        let untilBackup = nextBackup.map { max(.milliseconds(100), $0 - now) } ?? look
        return .again(after: min(look, untilBackup), because: "the next look or backup is due then")
    }
}
