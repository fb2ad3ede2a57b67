public import ControllerRuntime
import Inspectors
public import Model
import Observers
import Store
import Telemetry

/// Runs one inspection whenever it is due: observes the cluster, has the evidence judged, writes the verdict.
public struct InspectionReconciler: Reconciler {
    let services: ControllerServices

    /// Creates the reconciler.
    public init(services: ControllerServices) {
        self.services = services
    }

    /// Brings the inspection's status up to date if it is due.
    public func reconcile(_ inspection: inout EtcdInspection) async throws -> Outcome {
        let now = Timestamp.now
        let interval = inspection.spec.interval ?? .seconds(60)
        guard !inspection.spec.suspend else {
            conclude(&inspection, .unobserved("the inspection is suspended", remedy: "Set spec.suspend to false."), now)
            inspection.status.nextRunTime = nil
            return .settled
        }
        let key = "\(inspection.metadata.namespace)/\(inspection.spec.clusterRef.name)"
        let isNew = inspection.status.observedGeneration != inspection.metadata.generation
        let isUrgent = inspection.spec.type == .health && services.observations.isStale(key)
        if let next = inspection.status.nextRunTime, !Self.isDue(next, at: now, interval), !isNew, !isUrgent {
            if inspection.spec.type == .health, let seen = services.observations.takeUnjudged(of: key) {
                let inspector = HealthInspector(thresholds: inspection.spec.thresholds)
                conclude(&inspection, inspector.inspect(seen), seen.takenAt)
            }
            return .again(after: next - now, because: "the next run is due then")
        }
        let judgement = await judge(inspection, key)
        let end = Timestamp.now
        inspection.status.lastDuration = .milliseconds((end - now).nanoseconds / 1_000_000)
        conclude(&inspection, judgement, end)
        inspection.status.nextRunTime = max(now + interval, end)
        return .again(after: max(.zero, now + interval - end), because: "the next run is due then")
    }

    /// Whether the next run may begin.
    ///
    /// The loop bends every wait by up to a tenth, and a pass that comes that early is not made to come again. A time
    /// further away than the interval is of a clock or an interval that was changed.
    static func isDue(_ next: Timestamp, at now: Timestamp, _ interval: Duration) -> Bool {
        next - now <= interval / 8 || next - now > interval
    }

    private func judge(_ inspection: EtcdInspection, _ key: String) async -> Judgement {
        let cluster: EtcdCluster
        let target: ClusterTarget
        do {
            cluster = try await services.store.get(
                EtcdCluster.self, named: inspection.spec.clusterRef.name, in: inspection.metadata.namespace)
            target = try await services.access.target(for: cluster)
        } catch StoreError.notFound {
            return .unobserved(
                "there is no EtcdCluster \"\(inspection.spec.clusterRef.name)\" in this namespace",
                remedy: "Apply one of that name, or correct spec.clusterRef.")
        } catch {
            return .unobserved("\(error)", remedy: "Correct the record or Secret that is named.")
        }
        if target.endpoints.isEmpty, target.knownMembers.isEmpty {
            return .unobserved("the cluster has no members yet", remedy: "Wait until its members are started.")
        }
        let timeout = inspection.spec.timeout ?? .seconds(5)
        let look = services.observations.begin(key)
        switch inspection.spec.type {
        case .health:
            let observation = await services.health.observe(target, named: key, timeout: timeout)
            services.observations.put(observation, from: look, at: key, isJudged: true)
            return HealthInspector(thresholds: inspection.spec.thresholds).inspect(observation)
        case .consistency:
            var (earlier, budget) = services.observations.consistency(of: key)
            let observation = await services.consistency.observe(
                target, named: key, timeout: timeout, earlier: earlier, budget: &budget)
            services.observations.put(observation, budget: budget, from: look, at: key)
            return ConsistencyInspector(thresholds: inspection.spec.thresholds).inspect(observation)
        }
    }

    private func conclude(_ inspection: inout EtcdInspection, _ judgement: Judgement, _ now: Timestamp) {
        let before = inspection.status.verdict
        let isFirst = inspection.status.lastRunTime == nil
        inspection.status.verdict = judgement.verdict
        inspection.status.message = judgement.message
        inspection.status.findings = judgement.findings.continuing(inspection.status.findings, at: now)
        inspection.status.evidence = judgement.evidence
        inspection.status.lastRunTime = now.wholeSeconds
        inspection.status.observedGeneration = inspection.metadata.generation
        inspection.status.history.record(
            judgement.verdict, judgement.message, at: now, limit: inspection.spec.historyLimit)
        let status: ConditionStatus =
            switch judgement.verdict.severity {
            case nil: .true
            case .some where judgement.verdict == .unknown: .unknown
            default: .false
            }
        inspection.status.conditions.set(
            Condition(.ready, status, reason: judgement.verdict.rawValue, message: judgement.message), at: now,
            generation: inspection.metadata.generation)
        guard judgement.verdict != before || (isFirst && judgement.verdict.severity != nil) else { return }
        let reason = "Verdict\(judgement.verdict.rawValue)"
        if judgement.verdict.severity == nil {
            services.events.normal(inspection, reason, judgement.message)
        } else {
            services.events.warning(inspection, reason, judgement.message)
        }
    }
}
