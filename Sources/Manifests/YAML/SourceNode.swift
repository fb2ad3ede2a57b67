package import Model

/// A value as a file holds it: with the line of everything in it.
package struct SourceNode: Sendable {
    /// What the node holds.
    enum Content: Sendable {
        case scalar(Value)
        case sequence([SourceNode])
        case mapping([Member])
    }

    /// A named value with the line of its name.
    struct Member: Sendable {
        let key: String
        let line: Int
        let node: SourceNode
    }

    /// The line the value begins in, from 1.
    package let line: Int
    let content: Content
    /// The number of values in it, itself included; aliases count as what they stand for.
    let weight: Int
    /// The number of levels in it: 1 for a scalar.
    let height: Int

    init(line: Int, scalar: Value) {
        self.line = line
        content = .scalar(scalar)
        weight = 1
        height = 1
    }

    init(line: Int, sequence elements: [SourceNode]) {
        self.line = line
        content = .sequence(elements)
        weight = elements.reduce(1) { $0 + $1.weight }
        height = 1 + (elements.lazy.map(\.height).max() ?? 0)
    }

    init(line: Int, mapping members: [Member]) {
        self.line = line
        content = .mapping(members)
        weight = members.reduce(1) { $0 + $1.node.weight }
        height = 1 + (members.lazy.map(\.node.height).max() ?? 0)
    }

    /// The same value, all of it in one line: for texts whose lines are not known.
    init(_ value: Value, line: Int) {
        switch value {
        case .array(let elements):
            self.init(line: line, sequence: elements.map { SourceNode($0, line: line) })
        case .object(let members):
            self.init(
                line: line,
                mapping: members.map { Member(key: $0.key, line: line, node: SourceNode($0.value, line: line)) })
        default: self.init(line: line, scalar: value)
        }
    }

    /// The value without its lines.
    package var value: Value {
        switch content {
        case .scalar(let value): return value
        case .sequence(let elements): return .array(elements.map(\.value))
        case .mapping(let members):
            var object = Value.Members()
            for member in members { object.append(member.key, member.node.value) }
            return .object(object)
        }
    }

    /// The line of a field, or of the nearest object or list around it where the file does not name the field.
    package func line(of path: FieldPath) -> Int {
        var line = line
        var node = self
        for step in path.steps {
            switch (step, node.content) {
            case (.member(let key), .mapping(let members)):
                guard let member = members.first(where: { $0.key == key }) else { return line }
                line = member.line
                node = member.node
            case (.element(let index), .sequence(let elements)):
                guard elements.indices.contains(index) else { return line }
                line = elements[index].line
                node = elements[index]
            default: return line
            }
        }
        return line
    }

    /// The value at a member name, if this is an object that has it.
    subscript(key: String) -> SourceNode? {
        guard case .mapping(let members) = content else { return nil }
        return members.first { $0.key == key }?.node
    }
}
