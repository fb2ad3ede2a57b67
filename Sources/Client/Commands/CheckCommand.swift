import Inspectors
public import Model
import Observers
import Transport

/// `lodestone check`: inspects any etcd once, without a controller.
struct CheckCommand: Command {
    var members = MemberOptions()
    var only: InspectionType?
    var timeout = Duration.seconds(30)
    var threshold = ReportCommand.Threshold.warning
    var output = OutputFormat.table

    static let name = "check"
    static let summary = "inspects the health and consistency of any etcd once, without a controller"
    static let discussion = """
        The members are found by the endpoints given, and each is asked directly. The consistency check reads the key
        count and hash of every member at one revision, one member after the other; each stops taking writes for as
        long as that takes, about half a second per gigabyte. Nothing is written.
        """
    static let options: [CommandOption<CheckCommand>] =
        MemberOptions.options.map { $0.within(\.members) } + [
            CommandOption("only", \.only, "Only this inspection"),
            CommandOption("timeout", \.timeout, "How long each inspection may take"),
            CommandOption(
                "fail-on", \.threshold, "Ends with exit code 3 if there is anything this bad; unknown counts as warning"
            ),
            CommandOption("output", short: "o", \.output, "table for people; json and yaml for machines"),
        ]
    static let examples = [
        CommandExample("lodestone check --endpoints http://10.0.0.5:2379", "Both inspections of the whole cluster."),
        CommandExample(
            "lodestone check --endpoints https://etcd:2379 --cacert ca.crt --cert me.crt --key me.key -o json",
            "The same over TLS, for machines."),
    ]
    static let exitCodes = [ExitCode.findings, .unreachable]

    func complaint() -> String? {
        if members.endpoints.isEmpty { return "name at least one member with \"--endpoints http://HOST:PORT\"" }
        if output == .wide || output == .name {
            return "-o \(output.rawValue) is not possible here; choose table, json or yaml"
        }
        return members.complaint()
    }

    func run(in session: Session) async throws -> ExitCode {
        let target = try members.target(in: session, command: Self.name)
        let engine = HTTPEngine()
        defer { engine.shutdown() }
        let finder = MemberFinder(engine: engine)
        var report = CheckReport(time: session.now().wholeSeconds, endpoints: target.endpoints)
        // The members are looked at in any case: what is compared is told of those that are there.
        let seen = await HealthObserver(finder: finder).observe(
            target, named: "check", timeout: only == .consistency ? min(timeout, .seconds(5)) : timeout)
        report.add(seen)
        if only != .consistency {
            report.add(.health, HealthInspector(thresholds: InspectionThresholds()).inspect(seen))
        }
        if only != .health {
            var budget = ComparisonBudget()
            let observation = await ConsistencyObserver(finder: finder).observe(
                target, named: "check", timeout: timeout, budget: &budget)
            report.add(.consistency, ConsistencyInspector(thresholds: InspectionThresholds()).inspect(observation))
        }
        try Task.checkCancellation()
        if output.isDocument {
            try session.console.write(output.text(of: report.encoded))
        } else {
            for line in report.lines(session.console.paint, at: session.now()) { try session.console.print(line) }
        }
        if !report.isReached { return .unreachable }
        let isBad = threshold.severity.map { report.hasFindings(from: $0) } ?? false
        return isBad ? .findings : .success
    }
}

extension InspectionType: OptionValue {
    /// Reads `health` or `consistency`, in any case.
    public init?(argument: String) {
        guard let type = Self.allCases.first(where: { $0.rawValue.lowercased() == argument.lowercased() }) else {
            return nil
        }
        self = type
    }
    /// The words.
    public static var choices: [String] { allCases.map { $0.rawValue.lowercased() } }
    /// One of the words.
    public static var expectation: String { "one of \(choices.joined(separator: ", "))" }
    /// The words, as alternatives.
    public static var placeholder: String { choices.joined(separator: "|") }
    /// The word.
    public var argument: String { rawValue.lowercased() }
}
