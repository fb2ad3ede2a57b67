/// The help of commands, made from their declarations.
enum HelpText {
    /// The help of one command.
    static func text<Root: Command>(of command: Root.Type, calledAs program: ProgramName = .lodestone) -> String {
        var sections = ["\(program.words) \(Root.name): \(Root.summary)", usage(of: command, program)]
        if !Root.discussion.isEmpty { sections.append(program.inItsWords(Root.discussion)) }
        if !Root.operands.isEmpty {
            sections.append(
                section("Arguments", Root.operands.map { ($0.placeholder, program.inItsWords($0.summary)) }))
        }
        let blank = Invocation<Root>()
        sections.append(
            section(
                "Options",
                Invocation<Root>.options.map { (names(of: $0), program.inItsWords(meaning(of: $0, in: blank))) }
                    + [helpOption]))
        if !Root.examples.isEmpty {
            let lines = Root.examples.map {
                "  \(program.inItsWords($0.line))\n      \(program.inItsWords($0.meaning))"
            }
            sections.append("Examples:\n" + lines.joined(separator: "\n"))
        }
        sections.append(section("Exit codes", exitCodes(of: command).map { (String($0.rawValue), $0.meaning) }))
        return sections.joined(separator: "\n\n") + "\n"
    }

    /// The help of the program: its commands.
    static func text(of commands: [any Command.Type], calledAs program: ProgramName = .lodestone) -> String {
        let rows = commands.map { ($0.name, $0.summary) }
        return """
            Lodestone keeps fleets of etcd clusters: declared as records, kept running, inspected, backed up, reported.

            Usage: \(program.words) COMMAND [options]

            \(section("Commands", rows))

            "\(program.words) COMMAND --help" tells everything about a command. \(finding(program))

            """
    }

    /// Where commands find the controller.
    static func finding(_ program: ProgramName) -> String {
        guard program == .lodestone else {
            return """
                Commands talk to the server kubectl
                talks to, if that is a Lodestone controller: --kubeconfig, else $KUBECONFIG, else ~/.kube/config.
                """
        }
        return """
            Commands find the controller by its kubeconfig:
            --kubeconfig, else $LODESTONE_KUBECONFIG, else .lodestone/kubeconfig in this directory or one above, else
            $KUBECONFIG, else /var/lib/lodestone/kubeconfig, else ~/.kube/config. A server that only kubectl's own files
            speak of has to say that it is a Lodestone controller before anything is asked of it.
            """
    }

    private static let helpOption = ("  -h, --help", "Shows this text.")

    private static func exitCodes<Root: Command>(of command: Root.Type) -> [ExitCode] {
        ExitCode.allCases.filter { [.success, .failure, .usage].contains($0) || Root.exitCodes.contains($0) }
    }

    private static func usage<Root: Command>(of command: Root.Type, _ program: ProgramName) -> String {
        (["Usage: \(program.words)", Root.name] + Root.operands.map(\.usage) + ["[options]"]).joined(separator: " ")
    }

    private static func names<Root>(of option: CommandOption<Root>) -> String {
        let short = option.short.map { "-\($0), " } ?? "    "
        let value: String =
            if let placeholder = option.placeholder {
                option.implied == nil ? " \(placeholder)" : "[=\(placeholder)]"
            } else {
                ""
            }
        return "  \(short)--\(option.name)\(value)"
    }

    static func meaning<Root>(of option: CommandOption<Root>, in blank: Root) -> String {
        var notes: [String] = []
        if let standard = option.standard(blank), !standard.isEmpty { notes.append("default: \(standard)") }
        if let variable = option.environment { notes.append("environment: \(variable)") }
        if option.isRepeatable { notes.append("can be repeated") }
        return notes.isEmpty ? option.summary : "\(option.summary) (\(notes.joined(separator: "; ")))"
    }

    private static func section(_ title: String, _ rows: [(String, String)]) -> String {
        let rows = rows.map { (left: $0.0.hasPrefix("  ") ? $0.0 : "  \($0.0)", right: $0.1) }
        let width = min(rows.map(\.left.count).max() ?? 0, 34) + 2
        let lines = rows.map { left, right in
            let padding = String(repeating: " ", count: max(0, width - left.count))
            let wrapped = wrap(right, width: 118 - width).joined(separator: "\n" + String(repeating: " ", count: width))
            let gap = left.count >= width ? "\n" + String(repeating: " ", count: width) : padding
            return left + gap + wrapped
        }
        return "\(title):\n" + lines.joined(separator: "\n")
    }

    static func wrap(_ text: String, width: Int) -> [String] {
        var lines = [""]
        for word in text.split(separator: " ") {
            let line = lines[lines.count - 1]
            if line.isEmpty {
                lines[lines.count - 1] = String(word)
            } else if line.count + 1 + word.count <= width {
                lines[lines.count - 1] += " \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}
