/// What can be done to records, in the words of the Kubernetes API.
public enum AccessVerb: String, Choice, Hashable {
    /// Read one record, or a path that is no record.
    case get
    /// Read many records.
    case list
    /// Follow changes.
    case watch
    /// Make a record.
    case create
    /// Replace a record.
    case update
    /// Change parts of a record.
    case patch
    /// Remove one record.
    case delete
    /// Remove many records in one request.
    case deletecollection
    /// See the values of a Secret; without it they are masked.
    case reveal
    /// All of these.
    case all = "*"
}

/// One thing a role allows: some verbs on some kinds of records, or on paths that are no records.
public struct RoleRule: Structure, Hashable, CustomStringConvertible {
    /// What may be done.
    public var verbs: [AccessVerb] = []
    /// To which records, by the plural of their kind.
    public var resources: [String] = []
    /// To records of which names; of all if there are none.
    public var names: [String] = []
    /// To which paths that are no records.
    public var paths: [String] = []

    /// Creates a rule that allows nothing.
    public init() {}

    /// Creates a rule for records.
    public init(_ verbs: [AccessVerb], on resources: [String], named names: [String] = []) {
        self.verbs = verbs
        self.resources = resources
        self.names = names
    }

    /// Creates a rule for paths that are no records.
    public init(_ verbs: [AccessVerb], at paths: [String]) {
        self.verbs = verbs
        self.paths = paths
    }

    /// The fields.
    public static let fields: [Field<RoleRule>] = [
        Field(
            "verbs", \.verbs,
            "What may be done; reveal is to see the values of Secrets, \"*\" is everything.", required: true,
            .atMost(20)),
        Field(
            "resources", \.resources,
            "The kinds by their plural, such as etcdclusters, a part such as etcdclusters/status or */scale, or \"*\" "
                + "for all kinds and parts.", .atMost(100)),
        Field(
            "names", \.names,
            "The names of the records; all if there are none. Making a record with POST cannot be allowed by name.",
            .atMost(1000)),
        Field(
            "paths", \.paths,
            "Paths that are no records, such as /metrics; a trailing * stands for anything.", .atMost(100)),
    ]

    /// The rule on one line, for tables and refusals: `get,list on etcdclusters named orders`.
    public var description: String {
        var text = verbs.map(\.rawValue).joined(separator: ",")
        text += " on " + (resources.isEmpty ? paths : resources).joined(separator: ",")
        if !names.isEmpty {
            text += " named " + names.joined(separator: ",")
        }
        return text
    }

    /// What is wrong with the rule, each with its field.
    func problems(at path: FieldPath) -> [FieldProblem] {
        var problems: [FieldProblem] = []
        if verbs.isEmpty {
            problems.append(
                FieldProblem(path.appending("verbs"), .required, "must name at least one verb, such as get"))
        }
        if resources.isEmpty == paths.isEmpty {
            problems.append(
                FieldProblem(
                    path, resources.isEmpty ? .required : .invalid, "must name either resources or paths, not both"))
        }
        if resources.isEmpty, !names.isEmpty {
            problems.append(FieldProblem(path.appending("names"), .forbidden, "only records have names"))
        }
        for (index, resource) in resources.enumerated() {
            guard let problem = Self.problem(ofResource: resource) else { continue }
            problems.append(FieldProblem(path.appending("resources").appending(index), .unsupported, problem))
        }
        for (index, pattern) in paths.enumerated() where !Self.isPathPattern(pattern) {
            problems.append(
                FieldProblem(
                    path.appending("paths").appending(index), .invalid,
                    "\"\(pattern)\" must begin with \"/\", or be \"*\"; only the last character may be \"*\""))
        }
        return problems
    }

    private static func problem(ofResource resource: String) -> String? {
        guard resource != "*" else { return nil }
        let parts = resource.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let plurals = RegisteredKind.all.map(\.kind.plural) + ["services"]
        if let plural = parts.first, plural != "*", !plurals.contains(String(plural)) {
            let guess = closestWord(to: String(plural), among: plurals).map { "; did you mean \"\($0)\"?" }
            return "\"\(plural)\" is no kind's plural" + (guess ?? "; known are " + plurals.joined(separator: ", "))
        }
        let subresources = ["status", "scale"]
        guard parts.count == 2, !subresources.contains(String(parts[1])) else { return nil }
        return "\"\(parts[1])\" is no part of a record; known are " + subresources.joined(separator: ", ")
    }

    private static func isPathPattern(_ pattern: String) -> Bool {
        guard pattern != "*" else { return true }
        return pattern.hasPrefix("/") && !pattern.dropLast().contains("*")
    }
}
