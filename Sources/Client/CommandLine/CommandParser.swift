import Model

/// Reads the arguments of one command: options anywhere, `--name value` and `--name=value`, `-n value`, `-nvalue` and
/// `-n=value`, several short flags in one (`-Aw`), and `--` before what only looks like an option.
struct CommandParser<Root: Command> {
    private let options = Invocation<Root>.options
    private let operands = Root.operands
    private var invocation = Invocation<Root>()
    private var arguments: ArraySlice<String>
    private var operandCount = 0

    /// The command with its options as given; nil if its help is asked for.
    ///
    /// - Throws: `UsageError` for the first argument that cannot be understood.
    static func parse(_ arguments: [String], environment: [String: String]) throws(UsageError) -> Invocation<Root>? {
        if arguments.prefix(while: { $0 != "--" }).contains(where: { $0 == "--help" || $0 == "-h" }) { return nil }
        var parser = CommandParser(arguments[...])
        try parser.readEnvironment(environment)
        try parser.readArguments()
        return parser.invocation
    }

    private init(_ arguments: ArraySlice<String>) {
        self.arguments = arguments
    }

    private func error(_ message: String) -> UsageError { UsageError(message, command: Root.name) }

    private mutating func readEnvironment(_ environment: [String: String]) throws(UsageError) {
        for option in options {
            guard let variable = option.environment, let text = environment[variable], !text.isEmpty else { continue }
            do {
                try option.assign(&invocation, text)
            } catch {
                throw self.error("the environment variable \(variable): \(error.message)")
            }
        }
    }

    private mutating func readArguments() throws(UsageError) {
        while let argument = arguments.popFirst() {
            if argument == "--" {
                while let operand = arguments.popFirst() { try readOperand(operand) }
            } else if argument.hasPrefix("--") {
                try readLong(argument.dropFirst(2))
            } else if argument.hasPrefix("-"), argument != "-" {
                try readShort(argument.dropFirst())
            } else {
                try readOperand(argument)
            }
        }
        if let missing = operands.dropFirst(operandCount).first, missing.isRequired {
            throw error("\(missing.placeholder) is missing: \(Self.lowered(missing.summary))")
        }
        if let complaint = invocation.command.complaint() { throw error(complaint) }
    }

    private mutating func readLong(_ text: Substring) throws(UsageError) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts.first ?? "")
        guard let option = options.first(where: { $0.name == name }) else {
            let suggestion = closestWord(to: name, among: options.map(\.name)).map { "; did you mean --\($0)?" } ?? ""
            throw error("unknown option --\(name)\(suggestion)")
        }
        try read(option, as: "--\(name)", attached: parts.count > 1 ? String(parts[1]) : nil)
    }

    private mutating func readShort(_ text: Substring) throws(UsageError) {
        var rest = text
        while let letter = rest.popFirst() {
            guard let option = options.first(where: { $0.short == letter }) else {
                throw error("unknown option -\(letter)")
            }
            if option.implied != nil, rest.first != "=" {
                try read(option, as: "-\(letter)", attached: nil)
                continue
            }
            let attached = rest.first == "=" ? rest.dropFirst() : rest
            return try read(option, as: "-\(letter)", attached: rest.isEmpty ? nil : String(attached))
        }
    }

    private mutating func read(
        _ option: CommandOption<Invocation<Root>>, as name: String, attached: String?
    ) throws(UsageError) {
        guard let text = attached ?? option.implied ?? arguments.popFirst() else {
            throw error("\(name) needs a value: \(Self.lowered(option.summary))")
        }
        do {
            try option.assign(&invocation, text)
        } catch {
            throw self.error("\(name): \(error.message)")
        }
    }

    /// A summary as it goes on after a colon.
    private static func lowered(_ summary: String) -> String { summary.prefix(1).lowercased() + summary.dropFirst() }

    private mutating func readOperand(_ text: String) throws(UsageError) {
        guard let last = operands.last else { throw error("\"\(text)\" is one argument too many") }
        let operand = operandCount < operands.count ? operands[operandCount] : last
        guard operandCount < operands.count || last.isRepeatable else {
            throw error("\"\(text)\" is one argument too many")
        }
        operand.assign(&invocation.command, text)
        operandCount += 1
    }
}
