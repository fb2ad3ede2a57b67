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

    /// How often a cluster is looked at of which no member answers, at the least: so soon, and one look's time limit
    /// later, it is noticed that it is back, if its own loop has not noticed it before.
    static let silentPace = Duration.seconds(30)

    /// Brings the inspection's status up to date if it is due.
    public func reconcile(_ inspection: inout EtcdInspection) async throws -> Outcome {
        // So that it is found with its cluster, whoever made it.
        inspection.metadata.labels[ControllerServices.clusterLabel] = inspection.spec.clusterRef.name
        guard !inspection.spec.suspend else {
            rest(&inspection)
            return .settled
        }
        let key = "\(inspection.metadata.namespace)/\(inspection.spec.clusterRef.name)"
        // What others saw counts like what this inspection asked for, so that all always tell the same.
        if let sight = sight(for: inspection, key) { return conclude(&inspection, sight, key) }
        let now = Timestamp.now
        let isNew = inspection.status.observedGeneration != inspection.metadata.generation
        let isUrgent = inspection.spec.type == .health && services.observations.isStale(key)
        if let next = inspection.status.nextRunTime, !Self.isDue(next, at: now, Self.pace(of: inspection)), !isNew,
            !isUrgent
        {
            return .again(after: next - now, because: "the next run is due then")
        }
        switch await look(at: inspection, key) {
        case .pointless(let judgement):
            return conclude(&inspection, Sight(judgement: judgement, began: now, ended: now), key)
        case .ended:
            guard let sight = sight(for: inspection, key) else {
                return .again(after: .seconds(1), because: "what was seen was of a cluster that is gone")
            }
            return conclude(&inspection, sight, key)
        case .underWay:
            return .again(
                after: (inspection.spec.timeout ?? .seconds(5)) + .seconds(1),
                because: "the members have not answered yet; the end of the look wakes it")
        }
    }

    /// Whether the next run may begin.
    ///
    /// The loop bends every wait by up to a tenth, and a pass that comes that early is not made to come again. A time
    /// further away than the pace is of a clock or an interval that was changed.
    static func isDue(_ next: Timestamp, at now: Timestamp, _ pace: Duration) -> Bool {
        next - now <= pace / 8 || next - now > pace
    }

    /// The time from the beginning of one run to that of the next.
    ///
    /// A look at members that do not answer takes as long as it may; so it is made less often.
    static func pace(of inspection: EtcdInspection) -> Duration {
        let interval = inspection.spec.interval ?? .seconds(60)
        let evidence = inspection.status.evidence
        let isSilent = !evidence.isEmpty && evidence.allSatisfy { $0.verdict == .unreachable }
        return isSilent ? max(interval, silentPace) : interval
    }

    private func conclude(_ inspection: inout EtcdInspection, _ sight: Sight, _ key: String) -> Outcome {
        inspection.status.lastDuration = .milliseconds((sight.ended - sight.began).nanoseconds / 1_000_000)
        conclude(&inspection, sight.judgement, sight.ended)
        let now = Timestamp.now
        let next = max(sight.began + Self.pace(of: inspection), now)
        inspection.status.nextRunTime = next
        if inspection.spec.type == .health, services.observations.isStale(key) {
            return .again(after: .zero, because: "something happened to a member since")
        }
        return .again(after: next - now, because: "the next run is due then")
    }

    /// Leaves what was found last as it is, with its time: to stop looking takes nothing back and proves nothing.
    private func rest(_ inspection: inout EtcdInspection) {
        inspection.status.nextRunTime = nil
        inspection.status.observedGeneration = inspection.metadata.generation
        let last =
            inspection.status.lastRunTime.map { "it last ran at \($0): \(inspection.status.message)" }
            ?? "it has never run"
        let condition = Condition(
            .ready, .unknown, reason: "Suspended", message: "the inspection is suspended; \(last)")
        if inspection.status.conditions[.ready]?.reason != condition.reason {
            services.events.normal(inspection, condition.reason, condition.message)
        }
        inspection.status.conditions.set(condition, at: .now, generation: inspection.metadata.generation)
    }

    private func conclude(_ inspection: inout EtcdInspection, _ found: Judgement, _ now: Timestamp) {
        let judgement = found.keepingAccusations(of: inspection.status.evidence, inspection.status.findings)
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
