import Model

/// `lodestone scale`: changes the number of a cluster's members.
struct ScaleCommand: Command {
    var targets: [String] = []
    var size = 0
    var present: Int?
    var isDryRun = false
    var connection = ConnectionOptions()

    static let name = "scale"
    static let summary = "changes how many members clusters have"
    static let discussion = """
        Writes spec.size, which the controller then brings about member by member, if it can be done. With --current
        nothing is changed unless the cluster has that size now.
        """
    static let operands: [Operand<ScaleCommand>] = [
        Operand(
            "KIND[/NAME] [NAME]", \.targets, required: true, completing: .targets,
            "Which clusters: \"ec orders\" or \"ec/orders\"")
    ]
    static let options: [CommandOption<ScaleCommand>] =
        [
            CommandOption("size", \.size, "How many members: 1, 3, 5 or 7"),
            CommandOption("current", \.present, placeholder: "NUMBER", "How many it must have now for that"),
            CommandOption("dry-run", \.isDryRun, "Has the controller check it, and changes nothing"),
        ] + ConnectionOptions.options.map { $0.within(\.connection) }
    static let examples = [CommandExample("lodestone scale ec/orders --size 5", "Gives a cluster five members.")]
    static let exitCodes = [ExitCode.unreachable]

    func complaint() -> String? { size < 1 ? "say how many members: --size NUMBER" : nil }

    func run(in session: Session) async throws -> ExitCode {
        let named = try RecordTargets(targets, command: Self.name)
        guard named.areNamed, named.targets.allSatisfy({ $0.kind.kind == EtcdCluster.kind }) else {
            throw UsageError("name the clusters, such as ec/orders; nothing else has a size", command: Self.name)
        }
        let connection = try await connection.connect(in: session)
        for target in named.targets {
            let query = RecordQuery(EtcdCluster.kind, namespace: connection.namespace, name: target.name)
            let record = try await connection.client.change(query, dryRun: isDryRun) { (cluster: inout EtcdCluster) in
                if let present, cluster.spec.size != present {
                    throw CommandFailure(
                        "etcdcluster/\(target.name ?? "") has the size \(cluster.spec.size.map { "\($0)" } ?? "nobody gave it"), "
                            + "not \(present); nothing was changed")
                }
                cluster.spec.size = size
            }
            try session.console.print("\(record.reference) scaled\(isDryRun ? " (dry run)" : "")")
        }
        return .success
    }
}
