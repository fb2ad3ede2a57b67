import Model

/// What the files of one place say together, by the rules of kubectl: of entries with one name the first counts, whole,
/// and so does the first current context.
struct KubeconfigSet: Sendable {
    /// An entry of one of the lists, and the file that has it.
    struct Entry: Sendable {
        let name: String
        let content: Value
        let file: KubeconfigFile
    }

    /// The lists of a kubeconfig.
    enum List: String, CaseIterable {
        case contexts
        case clusters
        case users

        /// The name of one entry, which is also the field that holds it.
        var singular: String { String(rawValue.dropLast()) }
    }

    let place: KubeconfigPlace
    /// The files that are there.
    private(set) var files: [KubeconfigFile] = []
    /// The name of the current context, and the file that says so.
    private(set) var current: (name: String, file: KubeconfigFile)?
    private var entries: [List: [Entry]] = [:]

    /// Reads a place; nil if nothing is there.
    ///
    /// - Throws: `CommandFailure` for a file that is broken, and for one that was named and is not there.
    init?(_ place: KubeconfigPlace, in session: Session) throws {
        self.place = place
        for name in place.files {
            let file = KubeconfigFile(path: session.path(name), shownAs: name)
            guard place.kind == .named || InputFile.exists(file.path) else { continue }
            guard let root = try file.read() else {
                guard place.kind == .shared else { throw file.failure("is empty") }
                continue
            }
            files.append(file)
            add(root, of: file)
        }
        if files.isEmpty { return nil }
    }

    private mutating func add(_ root: Value, of file: KubeconfigFile) {
        if current == nil, let name = root["current-context"]?.string, !name.isEmpty { current = (name, file) }
        for list in List.allCases {
            for element in root[list.rawValue]?.array ?? [] {
                guard let name = element["name"]?.string, entry(list, name) == nil else { continue }
                entries[list, default: []].append(
                    Entry(name: name, content: element[list.singular] ?? [:], file: file))
            }
        }
    }

    /// The contexts, in the order of the files.
    var contexts: [Entry] { entries[.contexts] ?? [] }

    /// The entry of a name.
    func entry(_ list: List, _ name: String) -> Entry? { entries[list]?.first { $0.name == name } }

    /// All that there is, place by place.
    static func all(named file: String?, in session: Session) throws -> [KubeconfigSet] {
        try KubeconfigPlace.candidates(named: file, in: session).compactMap { try KubeconfigSet($0, in: session) }
    }

    /// The place that counts: the first, or the first that has a context of the name that is asked for.
    ///
    /// - Throws: `APIError.unreachable` if there is none.
    static func find(named file: String?, context: String?, in session: Session) throws -> KubeconfigSet {
        guard let context else {
            for place in KubeconfigPlace.candidates(named: file, in: session) {
                // What kubectl has without a current context says nothing to us.
                if let set = try KubeconfigSet(place, in: session), set.current != nil || place.kind != .shared {
                    return set
                }
            }
            throw KubeconfigPlace.nothing(in: session)
        }
        let sets = try all(named: file, in: session)
        if let set = sets.first(where: { $0.entry(.contexts, context) != nil }) { return set }
        guard let first = sets.first else { throw KubeconfigPlace.nothing(in: session) }
        if file != nil { throw first.files[0].failure("has no context \"\(context)\"") }
        let known = sets.flatMap(\.contexts).map(\.name)
        throw APIError.unreachable(
            "no kubeconfig here has a context \"\(context)\""
                + (known.isEmpty ? "" : "; there are \(known.joined(separator: ", "))"))
    }
}
