import Manifests
import Model

/// `lodestone apply`: makes records what manifests say.
struct ApplyCommand: Command {
    /// How much is really done.
    enum DryRun: String, OptionValue, CaseIterable {
        /// All.
        case none
        /// The manifests are checked here; no controller is needed.
        case client
        /// The controller checks, and says what it would do.
        case server
    }

    var files: [String] = []
    var isRecursive = false
    var dryRun = DryRun.none
    var isServerSide = false
    var isForced = false
    var manager = "lodestone"
    var isPruning = false
    var selector: String?
    var connection = ConnectionOptions()

    static let name = "apply"
    static let summary = "creates or changes records to what manifests say"
    static let discussion = """
        Manifests are YAML or JSON, several documents in a file. All of them are checked before anything is sent: one
        mistake, and nothing is changed. A record that exists gets the spec of its manifest, whole: a field that is
        taken out of the manifest goes back to its default. Labels and annotations of others are kept. Namespaces and
        secrets come first, whatever the order in the files.

        With --server-side the controller merges instead, and remembers who owns which field: what the manifest does not
        name stays as it is, what it named before and does not name any more goes, and a field that somebody else has
        set is a conflict, unless --force-conflicts takes it over.

        With --prune what earlier applies made and the manifests do not name any more is removed: records with the labels
        of -l, of the kinds and in the namespaces of the manifests, which all must have these labels. What is protected
        stays and is told; --dry-run says what would go.
        """
    static let options: [CommandOption<ApplyCommand>] =
        [
            CommandOption(
                "filename", short: "f", \.files, placeholder: "FILE", "A file, a directory, or - for standard input"),
            CommandOption("recursive", short: "R", \.isRecursive, "Whether to go into directories of directories"),
            CommandOption(
                "dry-run", \.dryRun, implied: .server,
                "Changes nothing: \"server\" has the controller check too, \"client\" needs no controller"),
            CommandOption("server-side", \.isServerSide, "Has the controller merge, and remember who owns which field"),
            CommandOption("force-conflicts", \.isForced, "With --server-side: takes fields over that others own"),
            CommandOption(
                "prune", \.isPruning,
                "Removes records of earlier applies that the manifests do not name any more; goes with --selector"),
            CommandOption(
                "selector", short: "l", \.selector, placeholder: "LABELS",
                "With --prune: the labels of all records that belong together, such as app=shop"),
            CommandOption(
                "field-manager", \.manager, placeholder: "NAME", "With --server-side: in whose name fields are owned"),
        ] + ConnectionOptions.options.map { $0.within(\.connection) }
    static let examples = [
        CommandExample("lodestone apply -f manifests/quickstart/", "Applies every manifest of a directory."),
        CommandExample("lodestone apply -f orders.yaml --dry-run", "Says what would be done."),
        CommandExample(
            "lodestone apply -f shop/ --prune -l app=shop --dry-run", "Says what is there and not in the manifests."),
        CommandExample("lodestone get ec orders -o yaml | lodestone apply -f -", "Applies what comes through a pipe."),
    ]
    static let exitCodes = [ExitCode.unreachable]

    func complaint() -> String? {
        if files.isEmpty { return "name the manifests with -f: a file, a directory, or - for standard input" }
        if isForced, !isServerSide { return "\"--force-conflicts\" goes with \"--server-side\"" }
        if manager.isEmpty || manager.utf8.count > 128 { return "\"--field-manager\" must have 1 to 128 bytes" }
        if isPruning != (selector != nil) { return "\"--prune\" and \"--selector\" go together" }
        if let selector, Pruning(selector: selector, manager: manager) == nil {
            return "\"--selector\" must be labels with their values here, such as app=shop or app=shop,tier=data"
        }
        if isPruning, dryRun == .client { return "\"--prune\" needs the controller; say --dry-run=server" }
        return nil
    }

    func run(in session: Session) async throws -> ExitCode {
        let sources = try ManifestFiles.read(files, recursive: isRecursive, in: session)
        if dryRun == .client { return try check(sources, in: session) }
        let connection = try await connection.connect(in: session)
        let manifests = try Self.records(in: sources, namespace: connection.namespace)
        let pruning = selector.flatMap { Pruning(selector: $0, manager: isServerSide ? manager : "lodestone") }
        var problems = pruning?.problems(manifests) ?? []
        guard problems.isEmpty else { throw ManifestError(problems) }
        for manifest in Self.ordered(manifests) {
            do {
                let applied = try await apply(manifest, connection.client)
                let suffix = dryRun == .server ? " (dry run)" : ""
                try session.console.print("\(applied.record.reference) \(applied.outcome.rawValue)\(suffix)")
            } catch APIError.refused(let status) where status.code != 401 {
                problems += manifest.problems(status)
            } catch let error as ManifestError {
                problems += error.problems
            }
        }
        // What could not be applied may be what something else was to be replaced by.
        guard problems.isEmpty else { throw ManifestError(problems) }
        try await pruning?.perform(
            manifests, connection.client, isDryRun: dryRun == .server, session.console)
        return .success
    }

    private func apply(
        _ manifest: Manifest, _ client: APIClient
    ) async throws -> (outcome: Application.Outcome, record: Value) {
        guard isServerSide else {
            return try await Application(manifest: manifest, client: client).perform(dryRun: dryRun == .server)
        }
        return try await ServerSideApplication(
            manifest: manifest, client: client, manager: manager, isForced: isForced
        ).perform(dryRun: dryRun == .server)
    }

    private func check(_ sources: [ManifestSource], in session: Session) throws -> ExitCode {
        for manifest in Self.ordered(try Self.records(in: sources, namespace: connection.namespace ?? "default")) {
            try session.console.print("\(manifest.document.reference) is valid (dry run)")
        }
        return .success
    }

    /// The records that manifests declare; none at all is more likely a wrong file or an empty pipe than a wish.
    static func records(in sources: [ManifestSource], namespace: String) throws -> [Manifest] {
        let manifests = try ManifestReader.read(sources, namespace: namespace)
        guard !manifests.isEmpty else {
            throw CommandFailure("nothing to apply: \(sources.map(\.file).joined(separator: ", ")) declares no record")
        }
        return manifests
    }

    /// The manifests in the order of kinds in which later ones can rely on earlier ones.
    static func ordered(_ manifests: [Manifest]) -> [Manifest] {
        RegisteredKind.all.flatMap { registered in manifests.filter { $0.kind.kind == registered.kind } }
    }
}

/// One manifest on its way to the controller.
struct Application {
    /// What became of it.
    enum Outcome: String {
        /// There was no such record.
        case created
        /// The record is another now.
        case configured
        /// The record was like that already.
        case unchanged
    }

    let manifest: Manifest
    let client: APIClient

    private var query: RecordQuery {
        RecordQuery(manifest.kind.kind, namespace: manifest.namespace, name: manifest.name)
    }

    /// Creates the record, or makes the present one what the manifest says.
    ///
    /// Others may write the record at the same time: a conflict is met by looking again.
    func perform(dryRun: Bool) async throws -> (outcome: Outcome, record: Value) {
        let attempts = 5
        for attempt in 1...attempts {
            do {
                return try await performOnce(dryRun: dryRun)
            } catch let error as APIError where (error.isConflict || error.isAlreadyExists) && attempt < attempts {
                continue
            }
        }
        preconditionFailure("the last attempt returns or throws")
    }

    private func performOnce(dryRun: Bool) async throws -> (outcome: Outcome, record: Value) {
        guard !manifest.name.isEmpty, let current = try await client.find(query) else {
            return (.created, try await client.create(manifest.document, query, dryRun: dryRun))
        }
        guard current[path: "metadata", "deletionTimestamp"] == nil else {
            let reference = current.reference
            throw ManifestError([
                manifest.problem(
                    at: FieldPath(),
                    "is being deleted; apply it again once it is gone (lodestone wait \(reference) --for delete)")
            ])
        }
        let desired = Self.merge(manifest.normalised, into: current)
        guard desired != current else { return (.unchanged, current) }
        let result = try await client.replace(desired, query, dryRun: dryRun)
        // The server knows best: it may have read the same out of what we wrote differently.
        let version = { (record: Value) in record[path: "metadata", "resourceVersion"] }
        return (!dryRun && version(result) == version(current) ? .unchanged : .configured, result)
    }

    /// The present record with all that the manifest says: labels and annotations added, every other part replaced.
    static func merge(_ manifest: Value, into current: Value) -> Value {
        var result = current
        for (key, value) in manifest.members ?? [:] where !["metadata", "status"].contains(key) {
            result[key] = value
        }
        for key in current.members?.keys ?? [] where !["metadata", "status"].contains(key) {
            if manifest[key] == nil { result[key] = nil }
        }
        for part in ["labels", "annotations"] {
            guard let wanted = manifest[path: "metadata", part], !wanted.isVacant else { continue }
            let present = current[path: "metadata", part] ?? [:]
            result["metadata"]?[part] = present.merging(patch: wanted)
        }
        return result
    }
}
