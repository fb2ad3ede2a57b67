import Model

/// A document while a JSON patch is applied to it, and how much the patch has cost so far.
struct JSONPatchState {
    typealias Failure = JSONPatch.Failure
    typealias Action = JSONPatch.Operation.Action

    private(set) var document: Value
    private var steps = 0
    private var copied = 0

    init(_ document: Value) {
        self.document = document
    }

    mutating func value(at path: JSONPointer, _ action: Action) throws(Failure) -> Value {
        var value = document
        for step in path.steps {
            try note(value.members?.count ?? 1)
            guard let next = try Self.child(of: value, step, action, path) else { throw Self.missing(action, path) }
            value = next
        }
        return value
    }

    mutating func add(_ value: Value, at path: JSONPointer, _ action: Action) throws(Failure) {
        try requireShallow(value, at: path, action)
        guard let last = path.steps.last else {
            document = value
            return
        }
        try change(path, action) { (parent) throws(Failure) in
            let isChanged = try parent.change { (members) throws(Failure) in
                members[last] = value
            } elements: { (elements) throws(Failure) in
                let index = last == "-" ? elements.count : try Self.index(last, action, path)
                guard index <= elements.count else { throw Self.missing(action, path) }
                elements.insert(value, at: index)
            }
            guard isChanged else { throw Self.missing(action, path) }
        }
    }

    mutating func replace(_ value: Value, at path: JSONPointer) throws(Failure) {
        try requireShallow(value, at: path, .replace)
        guard let last = path.steps.last else {
            document = value
            return
        }
        try change(path, .replace) { (parent) throws(Failure) in
            guard try Self.child(of: parent, last, .replace, path) != nil else { throw Self.missing(.replace, path) }
            try parent.change { (members) throws(Failure) in
                members[last] = value
            } elements: { (elements) throws(Failure) in
                elements[try Self.index(last, .replace, path)] = value
            }
        }
    }

    mutating func remove(at path: JSONPointer, _ action: Action) throws(Failure) -> Value {
        guard let last = path.steps.last else {
            throw .rejected("\(action.rawValue) operation does not apply: the whole document cannot be removed")
        }
        var removed = Value.null
        try change(path, action) { (parent) throws(Failure) in
            guard let found = try Self.child(of: parent, last, action, path) else {
                throw Self.missing(action, path)
            }
            removed = found
            try parent.change { (members) throws(Failure) in
                members[last] = nil
            } elements: { (elements) throws(Failure) in
                elements.remove(at: try Self.index(last, action, path))
            }
        }
        return removed
    }

    /// Counts what a copy adds: a list that is copied into itself over and over doubles every time.
    mutating func noteCopy(of value: Value) throws(Failure) {
        copied += Self.weight(of: value, upTo: JSONPatch.copyLimit - copied + 1)
        guard copied <= JSONPatch.copyLimit else {
            throw .tooLarge(
                "Unable to complete the copy, the accumulated size increase of copy exceeds the limit "
                    + "\(JSONPatch.copyLimit)")
        }
    }

    /// Refuses what would nest deeper than any document that can be sent: whoever reads it later recurses.
    private mutating func requireShallow(
        _ value: Value, at path: JSONPointer, _ action: Action
    ) throws(Failure) {
        var level = [value]
        var depth = path.steps.count
        while !level.isEmpty {
            guard depth <= JSONPatch.depthLimit else {
                throw .rejected("\(action.rawValue) operation does not apply: \(path) nests too deep")
            }
            var next: [Value] = []
            for value in level {
                switch value {
                case .array(let elements): next += elements
                case .object(let members): next += members.values
                default: break
                }
            }
            try note(level.count)
            level = next
            depth += 1
        }
    }

    /// Counts work.
    private mutating func note(_ count: Int) throws(Failure) {
        steps += count
        guard steps <= JSONPatch.stepLimit else { throw Self.tooMuchWork }
    }

    private static let tooMuchWork = Failure.tooLarge(
        "The JSON patch passes more than \(JSONPatch.stepLimit) members and elements in all")

    // MARK: Walking

    /// Changes the object or list that holds a place.
    private mutating func change(
        _ path: JSONPointer, _ action: Action, _ body: (inout Value) throws(Failure) -> Void
    ) throws(Failure) {
        var document = document
        self.document = .null
        defer { self.document = document }
        try Self.change(&document, path.steps.dropLast(), path, action, &steps, body)
    }

    private static func change(
        _ value: inout Value, _ rest: ArraySlice<String>, _ path: JSONPointer, _ action: Action, _ steps: inout Int,
        _ body: (inout Value) throws(Failure) -> Void
    ) throws(Failure) {
        steps += value.array?.count ?? value.members?.count ?? 0
        guard steps <= JSONPatch.stepLimit else { throw tooMuchWork }
        guard let step = rest.first else { return try body(&value) }
        guard var next = try child(of: value, step, action, path) else { throw missing(action, path) }
        defer {
            value.change {
                $0[step] = next
            } elements: { elements in
                if let index = Int(step), elements.indices.contains(index) { elements[index] = next }
            }
        }
        try change(&next, rest.dropFirst(), path, action, &steps, body)
    }

    /// The child a step leads to; nil if there is none.
    private static func child(
        of value: Value, _ step: String, _ action: Action, _ path: JSONPointer
    ) throws(Failure) -> Value? {
        switch value {
        case .object(let members): return members[step]
        case .array(let elements):
            let index = try index(step, action, path)
            guard elements.indices.contains(index) else { return nil }
            return elements[index]
        default: return nil
        }
    }

    /// An index as RFC 6901 has it: digits without leading zeros.
    private static func index(_ step: String, _ action: Action, _ path: JSONPointer) throws(Failure) -> Int {
        let isNumber = !step.isEmpty && step.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard isNumber, step == "0" || step.utf8.first != UInt8(ascii: "0"), let index = Int(step) else {
            throw .rejected(
                "\(action.rawValue) operation does not apply: \"\(step)\" is no index of the list at \(path)")
        }
        return index
    }

    private static func missing(_ action: Action, _ path: JSONPointer) -> Failure {
        .rejected("\(action.rawValue) operation does not apply: doc is missing path: \(path): missing value")
    }

    /// About how many bytes of JSON a value makes; counting ends at `limit`.
    private static func weight(of value: Value, upTo limit: Int) -> Int {
        var weight = 0
        var waiting = [value]
        while let next = waiting.popLast(), weight < limit {
            switch next {
            case .null, .bool, .integer, .double: weight += 8
            case .string(let text): weight += text.utf8.count + 2
            case .array(let elements):
                weight += 2 + elements.count
                waiting += elements
            case .object(let members):
                weight += 2
                for (key, value) in members {
                    weight += key.utf8.count + 4
                    waiting.append(value)
                }
            }
        }
        return weight
    }
}

extension Value {
    /// Changes the members of an object or the elements of a list in their place, so that the only copy is changed;
    /// false for what has neither.
    @discardableResult
    fileprivate mutating func change<Failure>(
        members change: (inout Members) throws(Failure) -> Void,
        elements changeElements: (inout [Value]) throws(Failure) -> Void
    ) throws(Failure) -> Bool {
        switch self {
        case .object(var members):
            self = .null
            defer { self = .object(members) }
            try change(&members)
        case .array(var elements):
            self = .null
            defer { self = .array(elements) }
            try changeElements(&elements)
        default: return false
        }
        return true
    }
}
