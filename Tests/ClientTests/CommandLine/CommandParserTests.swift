@testable import Client
import Model
import Testing

/// A command with an option of every kind.
private struct Example: Command, Equatable {
    enum Colour: String, OptionValue, CaseIterable { case red, green, blue }

    var kind = ""
    var rest: [String] = []
    var isWide = false
    var waits = true
    var count = 3
    var limit: Duration?
    var colour = Colour.red
    var files: [String] = []
    var group = Group()

    struct Group: Sendable, Equatable {
        var namespace: String?
        static let options: [CommandOption<Group>] = [
            CommandOption("namespace", short: "n", \.namespace, environment: "EXAMPLE_NAMESPACE", "The namespace")
        ]
    }

    static let name = "example"
    static let summary = "does nothing"
    static let operands: [Operand<Example>] = [
        Operand("KIND", \.kind, "The kind"), Operand("REST", \.rest, "The rest"),
    ]
    static let options: [CommandOption<Example>] =
        [
            CommandOption("wide", short: "w", \.isWide, "Whether it is wide"),
            CommandOption("wait", \.waits, "Whether to wait"),
            CommandOption("count", short: "c", \.count, environment: "EXAMPLE_COUNT", "How many"),
            CommandOption("limit", \.limit, "How long"),
            CommandOption("colour", \.colour, implied: .blue, "Which colour"),
            CommandOption("file", short: "f", \.files, placeholder: "FILE", "Which files"),
        ] + Group.options.map { $0.within(\.group) }
    static let examples: [CommandExample] = []

    func complaint() -> String? { count == 13 ? "13 is an unlucky number" : nil }
    func run(in session: Session) async throws -> ExitCode { .success }
}

struct CommandParserTests {
    private func parse(_ line: String, _ environment: [String: String] = [:]) throws(UsageError) -> Example? {
        try CommandParser<Example>.parse(line.split(separator: " ").map(String.init), environment: environment)?.command
    }

    private func example(_ change: (inout Example) -> Void) -> Example {
        var example = Example()
        example.kind = "k"
        change(&example)
        return example
    }

    @Test("Options are read in every form and at every place")
    func forms() throws {
        let cases: [(String, (inout Example) -> Void)] = [
            ("k", { _ in }), ("k a b", { $0.rest = ["a", "b"] }),
            ("--wide k a", { ($0.isWide, $0.rest) = (true, ["a"]) }),
            ("k --wide=false", { _ in }), ("k --wait=false", { $0.waits = false }), ("k --wait", { _ in }),
            ("k --count 5", { $0.count = 5 }), ("k --count=5", { $0.count = 5 }), ("-c 5 k", { $0.count = 5 }),
            ("-c5 k", { $0.count = 5 }), ("-c=5 k", { $0.count = 5 }),
            ("-wc5 k", { ($0.isWide, $0.count) = (true, 5) }),
            ("k --count 5 --count 6", { $0.count = 6 }), ("k --count -5", { $0.count = -5 }),
            ("k --limit 1m30s", { $0.limit = .seconds(90) }), ("k --colour", { $0.colour = .blue }),
            ("k --colour=green", { $0.colour = .green }), ("--colour k", { $0.colour = .blue }),
            ("k -f a -f b,c", { $0.files = ["a", "b", "c"] }), ("k -f -", { $0.files = ["-"] }),
            ("k -n x", { $0.group.namespace = "x" }),
            ("k -- --wide -c", { $0.rest = ["--wide", "-c"] }), ("k -- --help", { $0.rest = ["--help"] }),
            ("k -", { $0.rest = ["-"] }),
        ]
        for (line, change) in cases {
            #expect(try parse(line) == example(change), "\(line)")
        }
    }

    @Test("The environment gives what no argument gives")
    func environment() throws {
        let environment = ["EXAMPLE_COUNT": "8", "EXAMPLE_NAMESPACE": "e"]
        #expect(try parse("k", environment) == example { ($0.count, $0.group.namespace) = (8, "e") })
        #expect(try parse("k -c 9 -n y", environment) == example { ($0.count, $0.group.namespace) = (9, "y") })
        #expect(try parse("k", ["EXAMPLE_COUNT": ""]) == example { _ in })
        #expect(
            throws: UsageError(
                "the environment variable EXAMPLE_COUNT: \"many\" is not possible here; write a whole number",
                command: "example")
        ) { try parse("k", ["EXAMPLE_COUNT": "many"]) }
    }

    @Test(
        "Help is asked for by --help or -h anywhere before --",
        arguments: ["--help", "-h", "k --help", "k --nonsense -h"])
    func help(line: String) throws {
        #expect(try parse(line) == nil)
    }

    @Test(
        "A command line that cannot be understood is told with what would be right",
        arguments: [
            ("", "KIND is missing: the kind"), ("k --wid", "unknown option --wid; did you mean --wide?"),
            ("k --frobnicate", "unknown option --frobnicate"), ("k -x", "unknown option -x"),
            ("k -wx", "unknown option -x"),
            ("k --count", "--count needs a value: how many"), ("k -c", "-c needs a value: how many"),
            ("k --count x", "--count: \"x\" is not possible here; write a whole number"),
            ("k -c=", "-c: \"\" is not possible here; write a whole number"),
            ("k --limit 30", "--limit: \"30\" is not possible here; write a duration such as 30s, 5m or 1h30m"),
            ("k --colour=pink", "--colour: \"pink\" is not possible here; write one of red, green, blue"),
            ("k --wide=perhaps", "--wide: \"perhaps\" is not possible here; write true or false"),
            ("k --count 13", "13 is an unlucky number"), ("k --=5", "unknown option --"),
        ])
    func mistakes(line: String, message: String) {
        #expect(throws: UsageError(message, command: "example")) { try parse(line) }
    }
}
