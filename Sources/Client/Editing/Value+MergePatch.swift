import Model

extension Value {
    /// The merge patch (RFC 7396) that makes one document of another: changed members, and null for those that are gone.
    static func mergePatch(from old: Value, to new: Value) -> Value {
        guard let before = old.members, let after = new.members else { return new }
        var patch = Value.Members()
        for key in before.keys where after[key] == nil { patch[key] = .null }
        for (key, value) in after {
            guard let present = before[key] else {
                patch[key] = value
                continue
            }
            if present != value { patch[key] = mergePatch(from: present, to: value) }
        }
        return .object(patch)
    }
}
