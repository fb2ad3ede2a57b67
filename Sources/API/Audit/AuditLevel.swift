/// How much the audit log tells.
public enum AuditLevel: String, Sendable, CaseIterable {
    /// Every write, every refusal, and every look at Secrets.
    case changes
    /// Every request.
    case all
}
