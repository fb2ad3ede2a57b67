public import Model

/// What of an inspection's status is routine: that it ran again, when, how long it took, and what it measured.
extension InspectionReconciler {
    /// Whether a run found what the one before it found, but for figures.
    public func isRoutine(_ inspection: EtcdInspection, since base: EtcdInspection) -> Bool {
        Self.isRoutine(inspection.status, since: base.status)
    }

    static func isRoutine(_ status: EtcdInspectionStatus, since old: EtcdInspectionStatus) -> Bool {
        var quiet = status
        Routine.keep(old.lastRunTime, in: &quiet.lastRunTime)
        Routine.keep(old.nextRunTime, in: &quiet.nextRunTime)
        Routine.keep(old.lastDuration, in: &quiet.lastDuration)
        Routine.keep(wordingOf: old.message, in: &quiet.message)
        guard quiet.findings.count == old.findings.count, quiet.evidence.count == old.evidence.count,
            quiet.history.count == old.history.count
        else { return false }
        for (index, before) in old.findings.enumerated() {
            Routine.keep(wordingOf: before.message, in: &quiet.findings[index].message)
        }
        for (index, before) in old.evidence.enumerated() {
            Routine.keep(wordingOf: before.message, in: &quiet.evidence[index].message)
            if quiet.evidence[index].figures.keys == before.figures.keys {
                quiet.evidence[index].figures = before.figures
            }
        }
        // Older entries do not change any more.
        if let newest = old.history.first, newest.since == quiet.history[0].since {
            quiet.history[0].until = newest.until
            quiet.history[0].runs = newest.runs
            Routine.keep(wordingOf: newest.message, in: &quiet.history[0].message)
        }
        Routine.keep(wordingOf: old.conditions, in: &quiet.conditions)
        return quiet == old
    }
}
