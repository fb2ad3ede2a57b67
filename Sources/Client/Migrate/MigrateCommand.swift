import Manifests
import Model

/// `lodestone migrate`: moves the data of one cluster to another.
struct MigrateCommand: Command {
    var source = ""
    var destination = ""
    var name: String?
    var method = MigrationMethod.exact
    var version: String?
    var size: Int?
    var select: String?
    var conflictPolicy = MigrationConflictPolicy.refuse
    var padRevisions = false
    var automatic = false
    var standby = false
    var freeze: MigrationFreeze?
    var releaseSource = false
    var dryRun = false
    var waits = true
    var timeout = Duration.seconds(86400)
    var connection = ConnectionOptions()

    static let name = "migrate"
    static let summary = "moves the data of a live cluster to another one"
    static let discussion = """
        Creates an EtcdMigration and shows how far it is until the destination has caught up and both ends were proven to
        be equal; then it waits for "lodestone migrate approve", or with --automatic goes on by itself: the source is
        frozen, the last changes are brought over, both ends are proven once more, and the destination serves.

        With method Exact the destination is made: it has the source's revisions, versions, leases and users, so that
        watches and resource versions stay valid. Method Copy goes into a cluster that serves already.

        Interrupting the command does not stop the migration: "lodestone migrate watch" shows it again, "lodestone
        migrate cancel" puts everything back. The source is never written to, but for the alarm that freezes it.
        """
    static let operands: [Operand<MigrateCommand>] = [
        Operand("SOURCE", \.source, completing: .records(EtcdCluster.kind), "The EtcdCluster the data comes from"),
        Operand(
            "DESTINATION", \.destination, completing: .records(EtcdCluster.kind), "The EtcdCluster the data goes to"),
    ]
    static let options: [CommandOption<MigrateCommand>] =
        [
            CommandOption("name", \.name, placeholder: "NAME", "The name of the EtcdMigration; SOURCE-to-DESTINATION"),
            CommandOption("method", \.method, "How the data is moved"),
            CommandOption(
                "etcd-version", \.version, placeholder: "VERSION",
                "The etcd version of a destination that is made; the source's if not given"),
            CommandOption(
                "size", \.size, placeholder: "NUMBER",
                "The number of members of a destination that is made; the source's if not given"),
            CommandOption(
                "select", \.select, placeholder: "PREFIX[=TO],...",
                "Moves only keys with these prefixes, and writes TO in place of the prefix; methods Copy and V2ToV3"),
            CommandOption("conflict-policy", \.conflictPolicy, "What becomes of keys that are there already"),
            CommandOption(
                "pad-revisions", \.padRevisions,
                "Brings the destination's revision up to the source's; method Copy only"),
            CommandOption("automatic", \.automatic, "Changes over as soon as the destination is ready, unasked"),
            CommandOption("standby", \.standby, "Never changes over: the destination follows until it is needed"),
            CommandOption("freeze", \.freeze, "What stops writers during the cut-over; None if you stop them yourself"),
            CommandOption("release-source", \.releaseSource, "Lets the source take writes again after the cut-over"),
            CommandOption(
                "dry-run", \.dryRun, "Has the controller check the record, prints it as YAML and changes nothing"),
            CommandOption("wait", \.waits, "Shows how far it is until it is ready or over; --wait=false does not"),
            CommandOption("timeout", \.timeout, "How long to wait"),
        ] + ConnectionOptions.options.map { $0.within(\.connection) }
    static let examples = [
        CommandExample("lodestone migrate orders orders2 --etcd-version 3.5.1", "Moves a cluster to a newer etcd."),
        CommandExample("lodestone migrate orders orders2 --automatic", "Moves it and changes over unasked."),
        CommandExample(
            "lodestone migrate k8s events --method Copy --select /registry/events/",
            "Copies part of a cluster into another one that serves already."),
    ]
    static let exitCodes = [ExitCode.unreachable, .timedOut]

    func complaint() -> String? {
        if automatic, standby { return "choose one of \"--automatic\" and \"--standby\"" }
        if method != .copy, method != .v2ToV3, select != nil {
            return "\"--select\" goes with \"--method Copy\" and \"--method V2ToV3\" only"
        }
        return nil
    }

    func run(in session: Session) async throws -> ExitCode {
        let connection = try await connection.connect(in: session)
        let record = self.record(connection)
        var document = record.document
        document["status"] = nil
        if dryRun {
            _ = try await connection.client.create(
                document, RecordQuery(EtcdMigration.kind, namespace: connection.namespace), dryRun: true)
            try session.console.write(OutputFormat.yaml.text(of: document))
            return .success
        }
        let created = try await connection.client.create(
            document, RecordQuery(EtcdMigration.kind, namespace: connection.namespace))
        guard waits else {
            try session.console.print("etcdmigration/\(record.metadata.name) created")
            return .success
        }
        return try await MigrationFollower(name: record.metadata.name, limit: timeout).follow(
            created, until: automatic ? .over : .ready, connection, session)
    }

    private func record(_ connection: Connection) -> EtcdMigration {
        var record = EtcdMigration()
        record.metadata = ObjectMeta(name: name ?? "\(source)-to-\(destination)")
        record.metadata.namespace = connection.namespace
        record.spec.sourceRef = LocalReference(name: source)
        record.spec.destinationRef = LocalReference(name: destination)
        record.spec.method = method
        record.spec.conflictPolicy = conflictPolicy
        record.spec.padRevisions = padRevisions
        record.spec.cutover.mode = standby ? .never : automatic ? .automatic : .manual
        record.spec.cutover.freeze = freeze
        // The rest of a source of which a part is moved stays in use.
        record.spec.cutover.source = releaseSource || method == .v2ToV3 || select != nil ? .released : .frozen
        if version != nil || size != nil {
            var destination = MigrationDestination()
            destination.version = version
            destination.size = size
            record.spec.destination = destination
        }
        record.spec.selection = (select ?? "").split(separator: ",").map { text in
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            var selection = MigrationSelection()
            selection.prefix = parts[0]
            selection.rewriteTo = parts.count == 2 ? parts[1] : nil
            return selection
        }
        record.applyDefaults()
        return record
    }
}
