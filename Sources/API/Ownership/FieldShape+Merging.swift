package import Model

extension FieldShape {
    /// A value with another one applied: what the other one holds wins, all else stays.
    ///
    /// Elements of lists keep their order; new ones follow.
    package func merged(_ live: Value, with applied: Value) -> Value {
        switch (self, live, applied) {
        case (.object(let properties), .object(let own), .object(let changes)):
            Self.merged(own, with: changes) { properties[$0]?.shape ?? .whole }
        case (.map(let shape), .object(let own), .object(let changes)):
            Self.merged(own, with: changes) { _ in shape }
        case (.list(let shape, let keys), .array(let own), .array(let changes)):
            .array(Self.merged(own, with: changes, shape, keys))
        case (.set, .array(let own), .array(let changes)):
            .array(Self.united(own, changes))
        default: applied
        }
    }

    private static func merged(
        _ own: Value.Members, with changes: Value.Members, _ shape: (String) -> FieldShape
    ) -> Value {
        .object(
            own.merging(changes) { key, old, value in
                guard let old else { return value }
                return shape(key).merged(old, with: value)
            })
    }

    private static func united(_ own: [Value], _ others: [Value]) -> [Value] {
        var seen = Set(own.map { FieldStep.element($0) })
        return own + others.filter { seen.insert(.element($0)).inserted }
    }

    private static func merged(
        _ own: [Value], with changes: [Value], _ shape: FieldShape, _ keys: [String]
    ) -> [Value] {
        var result = own
        var places: [FieldStep: Int] = [:]
        for (index, element) in own.enumerated() {
            places[.element(element, keys: keys)] = index
        }
        for element in changes {
            let step = FieldStep.element(element, keys: keys)
            if let index = places[step] {
                result[index] = shape.merged(result[index], with: element)
            } else {
                places[step] = result.count
                result.append(element)
            }
        }
        return result
    }

    /// A value without what its owner has given up and nobody keeps.
    ///
    /// What nobody owned stays, with two exceptions that follow Kubernetes: an element of a list goes as a whole, and
    /// an object goes when nothing is left in it but what the server would fill in anyway.
    ///
    /// - Parameters:
    ///   - value: The value.
    ///   - given: What the owner had before.
    ///   - kept: What it has now, and what others have.
    ///   - keys: Fields that tell the element from others, and stay as long as it does.
    /// - Returns: What is left; nil for nothing.
    package func pruned(_ value: Value, of given: FieldSet, but kept: FieldSet, keys: [String] = []) -> Value? {
        guard !given.isEmpty else { return value }
        guard let parts = parts(of: value) else {
            if kept.isEmpty, given.isOwned { return nil }
            return value
        }
        var left = value
        switch (self, value) {
        case (.object, .object(let members)), (.map, .object(let members)):
            var rest = parts[...]
            var result = Value.Members()
            for (key, value) in members {
                guard let part = rest.first, part.step == .member(key) else {
                    // Not declared, so nobody's.
                    result.append(key, value)
                    continue
                }
                rest = rest.dropFirst()
                if keys.contains(key) {
                    result.append(key, value)
                } else if let kept = part.shape.pruned(value, of: given[part.step], but: kept[part.step]) {
                    result.append(key, kept)
                }
            }
            left = .object(result)
        case (.list(_, let keys), .array):
            left = .array(
                parts.compactMap { part in
                    guard given[part.step].isEmpty || !kept[part.step].isEmpty else { return nil }
                    return part.shape.pruned(part.value, of: given[part.step], but: kept[part.step], keys: keys)
                        ?? part.value
                })
        case (.set, .array):
            left = .array(
                parts.compactMap { $0.shape.pruned($0.value, of: given[$0.step], but: kept[$0.step]) })
        default: return value
        }
        if kept.isEmpty, left.isVacant || holdsDefaults(left) { return nil }
        return left
    }

    /// Whether an object holds nothing but what the server would fill in.
    private func holdsDefaults(_ value: Value) -> Bool {
        guard case .object(let properties) = self, let members = value.members else { return false }
        return members.allSatisfy { key, value in
            guard let property = properties[key] else { return false }
            return property.defaultValue == value || property.shape.holdsDefaults(value)
        }
    }

    /// Elements of lists that cannot be told apart, or from others, in what is to be applied.
    func ambiguities(in value: Value, at path: FieldPath = FieldPath()) -> [FieldProblem] {
        guard let parts = parts(of: value) else { return [] }
        var problems: [FieldProblem] = []
        var seen: Set<FieldStep> = []
        for (index, part) in parts.enumerated() {
            switch self {
            case .list(_, let keys):
                let place = path.appending(index)
                for key in keys where part.value[key]?.isVacant ?? true {
                    problems.append(
                        FieldProblem(place.appending(key), .required, "must be given: it tells elements apart"))
                }
                if !seen.insert(part.step).inserted {
                    problems.append(FieldProblem(place, .duplicate, "is given twice: \(part.step)"))
                }
                problems += part.shape.ambiguities(in: part.value, at: place)
            case .set:
                if !seen.insert(part.step).inserted {
                    problems.append(
                        FieldProblem(path.appending(index), .duplicate, "is given twice: \(part.value.json)"))
                }
            default:
                let name = part.step.memberName ?? ""
                problems += part.shape.ambiguities(in: part.value, at: path.appending(name))
            }
        }
        return problems
    }
}
