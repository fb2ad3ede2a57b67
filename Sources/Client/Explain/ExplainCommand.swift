import Model

/// `lodestone explain`: says what the fields of records mean.
struct ExplainCommand: Command {
    var field = ""
    var isRecursive = false

    static let name = "explain"
    static let summary = "says what the fields of records mean; no controller is needed"
    static let discussion = """
        A kind, by its name, plural or short name, and the names of fields behind it with dots between.
        """
    static let operands: [Operand<ExplainCommand>] = [
        Operand("KIND[.FIELD...]", \.field, completing: .fields, "What to explain: \"ec\" or \"ec.spec.restore\"")
    ]
    static let options: [CommandOption<ExplainCommand>] = [
        CommandOption("recursive", short: "R", \.isRecursive, "The names and types of all fields below, without words")
    ]
    static let examples = [
        CommandExample("lodestone explain ec.spec", "What can be said of a cluster."),
        CommandExample("lodestone explain eb --recursive", "All fields of a backup."),
    ]

    func run(in session: Session) async throws -> ExitCode {
        let explanation = try Explanation(field)
        for line in explanation.lines(session.console.paint, recursive: isRecursive) {
            try session.console.print(line)
        }
        return .success
    }
}
