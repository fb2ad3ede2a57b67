import Model

/// What becomes of a freeze, be it on record or not.
extension MigrationPlan {
    /// The next step of lifting a freeze that is on record.
    static func thaw(_ facts: MigrationFacts) -> Step {
        switch facts.thaw {
        // What is still on its way would freeze it again.
        case .none where facts.isFreezing: .wait("ending the cut-over")
        case .none: .thaw
        case .underway: .wait("lifting the freeze of the source")
        case .done: .thawed
        case .failed(let trouble): .tryAgain(trouble)
        }
    }

    /// The next step where the source was seen frozen by this migration and the record does not say so; nil otherwise.
    ///
    /// A request that a member held back, or one of a controller that was held up, may be carried out after the freeze
    /// was lifted and that was written down. What is found is put on record first; then it is a freeze like any other,
    /// which is lifted in every phase that has none.
    static func leftover(_ status: EtcdMigrationStatus, _ facts: MigrationFacts) -> Step? {
        // What is still on its way is told by its own end.
        guard status.freezeTime == nil, facts.seesFreeze, !facts.isFreezing else { return nil }
        return switch facts.freezeLook {
        case .none, .underway: .lookForFreeze
        case .done(.freeze(isActive: true)): .adoptFreeze
        // Whoever looks at the cluster next tells of it again.
        case .done, .failed: .forgetFreeze
        }
    }
}
