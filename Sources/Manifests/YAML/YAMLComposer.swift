import Model

/// Builds values with their lines from the events of a YAML stream, one document at a time.
///
/// What makes the rest of the text unreadable is thrown; what is wrong with one field only is noted in `problems`, so
/// that a person sees all of it at once. Nothing in a document can make it cost more than its own length allows:
/// its size, its depth and what its aliases expand to are bounded.
struct YAMLComposer {
    /// Longer documents are refused: a record is far from it, and etcd itself takes no value of this size.
    static let maximumCharacters = 1 << 20
    /// Deeper documents are refused: the reader recurses, and no record is nearly as deep.
    static let maximumDepth = 100
    /// Aliases of one document may stand for at most so many values ("a billion laughs").
    static let maximumAliasedValues = 10_000

    /// What is wrong with single fields of the current document.
    private(set) var problems: [(line: Int, path: FieldPath, message: String)] = []

    private let parser: LibYAMLParser
    private var anchors: [String: SourceNode] = [:]
    private var openAnchors: Set<String> = []
    private var aliasedValues = 0
    private var documentOffset = 0
    private var path = FieldPath()

    init(_ bytes: [UInt8]) {
        parser = LibYAMLParser(bytes)
    }

    /// The next document, or nil after the last.
    mutating func nextDocument() throws(YAMLError) -> SourceNode? {
        problems = []
        while true {
            let event = try parser.next()
            switch event.kind {
            case .streamEnd: return nil
            case .documentStart:
                anchors = [:]
                aliasedValues = 0
                documentOffset = event.offset
            case .streamStart, .documentEnd: continue
            default: return try node(event, depth: 1)
            }
        }
    }

    private mutating func next() throws(YAMLError) -> YAMLEvent {
        let event = try parser.next()
        guard event.offset - documentOffset <= Self.maximumCharacters else {
            throw YAMLError(line: event.line, message: "the document is longer than 1 MiB; records are smaller")
        }
        return event
    }

    private mutating func node(_ event: YAMLEvent, depth: Int) throws(YAMLError) -> SourceNode {
        guard depth <= Self.maximumDepth else { throw tooDeep(event.line) }
        if case .alias(let name) = event.kind { return try alias(name, line: event.line, depth: depth) }
        if let anchor = event.anchor { openAnchors.insert(anchor) }
        let node: SourceNode
        switch event.kind {
        case .scalar(let text, let isPlain):
            node = SourceNode(line: event.line, scalar: scalar(text, isPlain: isPlain, event))
        case .sequenceStart: node = try sequence(event, depth: depth)
        default: node = try mapping(event, depth: depth)
        }
        if let anchor = event.anchor {
            openAnchors.remove(anchor)
            anchors[anchor] = node
        }
        return node
    }

    private func tooDeep(_ line: Int) -> YAMLError {
        YAMLError(line: line, message: "the document is nested more than \(Self.maximumDepth) levels deep")
    }

    private mutating func alias(_ name: String, line: Int, depth: Int) throws(YAMLError) -> SourceNode {
        guard !openAnchors.contains(name) else {
            throw YAMLError(line: line, message: "the alias *\(name) stands inside the very value it repeats")
        }
        guard let target = anchors[name] else {
            throw YAMLError(line: line, message: "the alias *\(name) repeats nothing: no &\(name) stands before it")
        }
        aliasedValues += target.weight
        guard aliasedValues <= Self.maximumAliasedValues else {
            throw YAMLError(
                line: line, message: "the aliases repeat more than \(Self.maximumAliasedValues) values; write them out")
        }
        guard depth + target.height - 1 <= Self.maximumDepth else { throw tooDeep(line) }
        return target
    }

    private mutating func scalar(_ text: String, isPlain: Bool, _ event: YAMLEvent) -> Value {
        do throws(CoreSchema.Refusal) {
            if let tag = event.tag { return try CoreSchema.resolve(text, tag: tag) }
            return isPlain ? try CoreSchema.resolve(text) : .string(text)
        } catch {
            problems.append((event.line, path, error.message))
            return .null
        }
    }

    private mutating func refuseTag(of event: YAMLEvent, except standard: String) {
        guard let tag = event.tag, tag != "tag:yaml.org,2002:\(standard)", tag != "!" else { return }
        problems.append((event.line, path, CoreSchema.unsupported(tag: tag).message))
    }

    private mutating func sequence(_ start: YAMLEvent, depth: Int) throws(YAMLError) -> SourceNode {
        refuseTag(of: start, except: "seq")
        var elements: [SourceNode] = []
        while true {
            let event = try next()
            if case .sequenceEnd = event.kind { return SourceNode(line: start.line, sequence: elements) }
            path.steps.append(.element(elements.count))
            elements.append(try node(event, depth: depth + 1))
            path.steps.removeLast()
        }
    }

    private mutating func mapping(_ start: YAMLEvent, depth: Int) throws(YAMLError) -> SourceNode {
        refuseTag(of: start, except: "map")
        var members: [SourceNode.Member] = []
        var lines: [String: Int] = [:]
        while true {
            let event = try next()
            if case .mappingEnd = event.kind { return SourceNode(line: start.line, mapping: members) }
            let key = try fieldName(event)
            path.steps.append(.member(key))
            let value = try node(try next(), depth: depth + 1)
            if let first = lines[key] {
                problems.append((event.line, path, "the field is given twice; the first is in line \(first)"))
            } else {
                lines[key] = event.line
                members.append(SourceNode.Member(key: key, line: event.line, node: value))
            }
            path.steps.removeLast()
        }
    }

    private mutating func fieldName(_ event: YAMLEvent) throws(YAMLError) -> String {
        switch event.kind {
        case .scalar("<<", isPlain: true):
            throw YAMLError(line: event.line, message: "merging with << is not supported; write the fields out")
        case .scalar(let text, let isPlain):
            guard !text.isEmpty || !isPlain else {
                throw YAMLError(line: event.line, message: "a field name is missing before ':'")
            }
            if let anchor = event.anchor { anchors[anchor] = SourceNode(line: event.line, scalar: .string(text)) }
            return text
        case .alias(let name):
            if case .scalar(.string(let text))? = anchors[name]?.content { return text }
            throw YAMLError(line: event.line, message: "a field name must be text, not the alias *\(name)")
        default: throw YAMLError(line: event.line, message: "a field name must be text, not a list or an object")
        }
    }
}
