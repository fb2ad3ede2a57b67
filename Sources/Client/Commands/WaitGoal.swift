import Model

/// What can be waited for.
enum WaitGoal: Sendable, Equatable, OptionValue {
    /// A condition has a status, judged by the present generation.
    case condition(ConditionType, String)
    /// The status has a phase.
    case phase(String)
    /// The record is there.
    case create
    /// The record is not there.
    case delete
    /// The controller is ready.
    case ready

    init?(argument: String) {
        let parts = argument.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
        switch (parts[0].lowercased(), parts.count) {
        case ("condition", 2) where !parts[1].isEmpty: self = .condition(ConditionType(rawValue: parts[1]), "True")
        case ("condition", 3) where !parts[1].isEmpty && !parts[2].isEmpty:
            self = .condition(ConditionType(rawValue: parts[1]), parts[2])
        case ("phase", 2) where !parts[1].isEmpty: self = .phase(parts[1])
        case ("create", 1): self = .create
        case ("delete", 1): self = .delete
        case ("ready", 1): self = .ready
        default: return nil
        }
    }

    static var expectation: String { "condition=Ready, phase=Succeeded, create, delete or ready" }
    static var placeholder: String { "GOAL" }

    var argument: String {
        switch self {
        case .condition(let type, let status):
            status == "True" ? "condition=\(type.rawValue)" : "condition=\(type.rawValue)=\(status)"
        case .phase(let phase): "phase=\(phase)"
        case .create: "create"
        case .delete: "delete"
        case .ready: "ready"
        }
    }

    /// What a record is when the goal is met.
    var words: String {
        switch self {
        case .condition(let type, let status): status == "True" ? type.rawValue : "\(type.rawValue)=\(status)"
        case .phase(let phase): phase
        case .create: "there"
        case .delete: "gone"
        case .ready: "ready"
        }
    }

    /// Whether a record meets the goal, and what it says of itself.
    func judge(_ record: Value?) -> (isMet: Bool, state: String) {
        switch self {
        case .create: (record != nil, "it is not there yet")
        case .delete: (record == nil, "it is still there")
        case .ready: (false, "")
        case .phase(let wanted): judgePhase(record, wanted)
        case .condition(let type, let status): judgeCondition(record, type.rawValue, status)
        }
    }

    private func judgePhase(_ record: Value?, _ wanted: String) -> (isMet: Bool, state: String) {
        guard let record else { return (false, "it is not there") }
        let phase = record[path: "status", "phase"]?.string ?? "it has no phase yet"
        let message = record[path: "status", "message"]?.string.flatMap { $0.isEmpty ? nil : ": \($0)" } ?? ""
        return (phase.lowercased() == wanted.lowercased(), "\(phase)\(message)")
    }

    /// As `kubectl wait` has it: type and status whatever their case, and not a judgement of an older spec.
    private func judgeCondition(_ record: Value?, _ type: String, _ status: String) -> (isMet: Bool, state: String) {
        guard let record else { return (false, "it is not there") }
        let conditions = record[path: "status", "conditions"]?.array ?? []
        guard let condition = conditions.first(where: { $0["type"]?.string?.lowercased() == type.lowercased() }) else {
            return (false, "nothing is said of \(type) yet")
        }
        let present = condition["status"]?.string ?? "Unknown"
        let observed = condition["observedGeneration"]?.integer ?? record[path: "status", "observedGeneration"]?.integer
        if let observed, let generation = record[path: "metadata", "generation"]?.integer, observed < generation {
            return (false, "\(type) is \(present) by an older spec")
        }
        let detail = [condition["reason"]?.string, condition["message"]?.string].compactMap(\.self)
            .filter { !$0.isEmpty }.joined(separator: ": ")
        return (
            present.lowercased() == status.lowercased(),
            "\(type) is \(present)\(detail.isEmpty ? "" : " (\(detail))")"
        )
    }
}
