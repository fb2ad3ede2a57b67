import Manifests
import Model
import Synchronization

/// `lodestone delete`: removes records.
struct DeleteCommand: Command {
    var targets: [String] = []
    var files: [String] = []
    var isRecursive = false
    var ignoresMissing = false
    var waits = true
    var timeout = Duration.seconds(120)
    var isDryRun = false
    var unprotects = false
    var connection = ConnectionOptions()

    static let name = "delete"
    static let summary = "removes records"
    static let discussion = """
        Removing the record of a Local cluster stops its members; their data goes to quarantine unless the cluster's
        deletionPolicy is Delete. A cluster that holds data is protected, unless its spec.deletionProtection is false,
        and so is a Secret whose keys backups need: --unprotect takes the protection away first. Removing the record
        of an Imported cluster does nothing to the cluster. Backups stay where they are stored unless their own
        deletionPolicy is Delete. Nothing is asked before it is done.
        """
    static let operands: [Operand<DeleteCommand>] = [
        Operand("KIND[/NAME] [NAME]", \.targets, completing: .targets, "Which records: \"ec orders\" or \"ec/orders\"")
    ]
    static let options: [CommandOption<DeleteCommand>] =
        [
            CommandOption(
                "filename", short: "f", \.files, placeholder: "FILE", "Removes the records of these manifests"),
            CommandOption("recursive", short: "R", \.isRecursive, "Whether to go into directories of directories"),
            CommandOption("ignore-not-found", \.ignoresMissing, "Takes a record that is not there for removed"),
            CommandOption("wait", \.waits, "Waits until the records are gone; --wait=false does not"),
            CommandOption("timeout", \.timeout, "How long to wait"),
            CommandOption(
                "unprotect", \.unprotects,
                "Takes the protection of clusters with data and of backups' keys away first"),
            CommandOption("dry-run", \.isDryRun, "Says what would be removed"),
        ] + ConnectionOptions.options.map { $0.within(\.connection) }
    static let examples = [
        CommandExample("lodestone delete ec orders", "Removes a cluster and waits until its members have stopped."),
        CommandExample("lodestone delete -f manifests/quickstart/", "Removes what a directory of manifests declares."),
    ]
    static let exitCodes = [ExitCode.unreachable, .timedOut]

    func complaint() -> String? {
        switch (targets.isEmpty, files.isEmpty) {
        case (true, true): "name records (KIND NAME) or manifests (-f FILE)"
        case (false, false): "name either records or manifests, not both"
        case _ where unprotects && isDryRun: "--unprotect changes records, which --dry-run does not; leave one out"
        default: nil
        }
    }

    func run(in session: Session) async throws -> ExitCode {
        let (client, queries) = try await self.queries(in: session)
        var remaining: [RecordQuery] = []
        var failures: [String] = []
        for query in queries {
            let reference = "\(query.kind.singular)/\(query.name ?? "")"
            do {
                if unprotects { try await unprotect(query, client) }
                let answer = try await client.delete(query, dryRun: isDryRun)
                try session.console.print("\(reference) deleted\(isDryRun ? " (dry run)" : "")")
                if answer["kind"]?.string == query.kind.name { remaining.append(query) }
            } catch let error as APIError where error.isNotFound {
                if !ignoresMissing { failures.append("\(error)") }
            }
        }
        if waits, !isDryRun {
            for query in remaining { try await waitUntilGone(query, client, session) }
        }
        guard failures.isEmpty else { throw CommandFailure(failures.joined(separator: "\n")) }
        return .success
    }

    private func unprotect(_ query: RecordQuery, _ client: APIClient) async throws {
        switch query.kind {
        case EtcdCluster.kind:
            _ = try await client.change(query) { (cluster: inout EtcdCluster) in
                cluster.spec.deletionProtection = false
            }
        case Secret.kind:
            _ = try await client.change(query) { (secret: inout Secret) in
                secret.metadata.annotations[Secret.deletionProtection] = "false"
            }
        default: break
        }
    }

    private func queries(in session: Session) async throws -> (APIClient, [RecordQuery]) {
        if files.isEmpty {
            let named = try RecordTargets(targets, command: Self.name)
            guard named.areNamed else {
                throw UsageError(
                    "name the records to remove: all of a kind are never removed at once", command: Self.name)
            }
            let connection = try await connection.connect(in: session)
            let queries = named.targets.map {
                RecordQuery($0.kind.kind, namespace: connection.namespace, name: $0.name)
            }
            return (connection.client, queries)
        }
        let sources = try ManifestFiles.read(files, recursive: isRecursive, in: session)
        let connection = try await connection.connect(in: session)
        let manifests = try ManifestReader.read(sources, namespace: connection.namespace)
        // What was applied first is removed last.
        let queries = ApplyCommand.ordered(manifests).reversed().map {
            RecordQuery($0.kind.kind, namespace: $0.namespace, name: $0.name)
        }
        return (connection.client, queries)
    }

    private func waitUntilGone(_ query: RecordQuery, _ client: APIClient, _ session: Session) async throws {
        let reference = "\(query.kind.singular)/\(query.name ?? "")"
        let limit = timeout
        try await withTimeLimit(limit) {
            CommandFailure("\(reference) is still going after \(limit.goText); it goes on by itself", code: .timedOut)
        } _: {
            guard let record = try await client.find(query) else { return }
            let uid = record[path: "metadata", "uid"]
            let start = record[path: "metadata", "resourceVersion"]?.string ?? ""
            try await RecordFollower(client: client, query: query).follow(from: start) { event in
                // Another record of the name means that this one has gone.
                event.kind == .deleted || event.object[path: "metadata", "uid"] != uid
            }
        }
    }
}
