/// What a command is given by its place.
public struct Operand<Root>: Sendable {
    /// What stands for it in usage lines, such as `KIND`.
    let placeholder: String
    /// What it is, in a sentence without a full stop.
    let summary: String
    let isRequired: Bool
    let isRepeatable: Bool
    /// What it can be.
    let source: ArgumentSource
    let assign: @Sendable (inout Root, String) -> Void

    /// One that must be given.
    public init(
        _ placeholder: String, _ keyPath: any WritableKeyPath<Root, String> & Sendable,
        completing source: ArgumentSource? = nil, _ summary: String
    ) {
        self.placeholder = placeholder
        self.summary = summary
        self.source = source ?? .standard(choices: [], placeholder: placeholder)
        isRequired = true
        isRepeatable = false
        assign = { $0[keyPath: keyPath] = $1 }
    }

    /// One that may be given.
    public init(
        _ placeholder: String, _ keyPath: any WritableKeyPath<Root, String?> & Sendable,
        completing source: ArgumentSource? = nil, _ summary: String
    ) {
        self.placeholder = placeholder
        self.summary = summary
        self.source = source ?? .standard(choices: [], placeholder: placeholder)
        isRequired = false
        isRepeatable = false
        assign = { $0[keyPath: keyPath] = $1 }
    }

    /// All that follow; the last of a command's operands only.
    public init(
        _ placeholder: String, _ keyPath: any WritableKeyPath<Root, [String]> & Sendable, required: Bool = false,
        completing source: ArgumentSource? = nil, _ summary: String
    ) {
        self.placeholder = placeholder
        self.summary = summary
        self.source = source ?? .standard(choices: [], placeholder: placeholder)
        isRequired = required
        isRepeatable = true
        assign = { $0[keyPath: keyPath].append($1) }
    }

    /// The same operand of a command that holds this one's root as a group of options.
    public func within<Outer>(_ keyPath: any WritableKeyPath<Outer, Root> & Sendable) -> Operand<Outer> {
        Operand<Outer>(self) { [assign] in assign(&$0[keyPath: keyPath], $1) }
    }

    private init<Inner>(_ inner: Operand<Inner>, assign: @escaping @Sendable (inout Root, String) -> Void) {
        placeholder = inner.placeholder
        summary = inner.summary
        isRequired = inner.isRequired
        isRepeatable = inner.isRepeatable
        source = inner.source
        self.assign = assign
    }

    /// The operand in a usage line.
    var usage: String {
        let word = isRepeatable ? "\(placeholder)..." : placeholder
        return isRequired ? word : "[\(word)]"
    }
}
