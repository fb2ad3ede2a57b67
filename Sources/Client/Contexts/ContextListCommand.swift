import Model

/// The option by which a command finds kubeconfigs that it does not connect with.
struct KubeconfigOption: Sendable {
    /// The file; looked for where it usually is if not given.
    var file: String?

    static let options: [CommandOption<KubeconfigOption>] = [
        CommandOption(
            "kubeconfig", \.file, placeholder: "FILE", environment: "LODESTONE_KUBECONFIG",
            "The kubeconfig; looked for where it usually is if not given")
    ]
}

/// `lodestone context list`: shows the servers that are known here.
struct ContextListCommand: Command {
    var kubeconfig = KubeconfigOption()
    var output = OutputFormat.table

    static let name = "context list"
    static let summary = "shows the contexts that are known here: servers, users, namespaces, files"
    static let discussion = """
        The context in use is marked: the one that commands work with unless --context names another. Of contexts with
        one name the first counts. No server is asked; contexts of kubectl may speak of clusters that are no Lodestone
        controllers, and commands refuse those.
        """
    static let options: [CommandOption<ContextListCommand>] =
        [CommandOption("output", short: "o", \.output, "table for people; name for scripts")]
        + KubeconfigOption.options.map { $0.within(\.kubeconfig) }
    static let examples = [CommandExample("lodestone context list", "Shows what --context can be.")]
    static let exitCodes = [ExitCode.unreachable]

    func complaint() -> String? {
        output == .table || output == .name ? nil : "-o \(output.rawValue) is not possible here; choose table or name"
    }

    func run(in session: Session) async throws -> ExitCode {
        let sets = try KubeconfigSet.all(named: kubeconfig.file, in: session)
        guard !sets.isEmpty else { throw KubeconfigPlace.nothing(in: session) }
        // Commands work without a current context only where they must; then none is marked.
        let used = try? KubeconfigSet.find(named: kubeconfig.file, context: nil, in: session)
        var table = TextTable(["IN USE", "NAME", "SERVER", "USER", "NAMESPACE", "FILE"])
        var seen: Set<String> = []
        for set in sets {
            for entry in set.contexts where seen.insert(entry.name).inserted {
                if output == .name {
                    try session.console.print(entry.name)
                    continue
                }
                let isUsed = set.place == used?.place && entry.name == set.current?.name
                let cluster = set.entry(.clusters, entry.content["cluster"]?.string ?? "")
                table.add([
                    .init(isUsed ? "*" : ""), .init(entry.name, isUsed ? .bold : nil),
                    .init(cluster?.content["server"]?.string ?? "-"), .init(entry.content["user"]?.string ?? "-"),
                    .init(entry.content["namespace"]?.string ?? "default"), .init(entry.file.shownAs),
                ])
            }
        }
        if output == .table {
            for line in table.lines(session.console.paint) { try session.console.print(line) }
        }
        return .success
    }
}
