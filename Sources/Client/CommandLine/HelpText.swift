/// The help of commands, made from their declarations.
enum HelpText {
    /// The help of one command.
    static func text<Root: Command>(of command: Root.Type) -> String {
        var sections = ["lodestone \(Root.name): \(Root.summary)", usage(of: command)]
        if !Root.discussion.isEmpty { sections.append(Root.discussion) }
        if !Root.operands.isEmpty {
            sections.append(
                section("Arguments", Root.operands.map { ($0.placeholder, $0.summary) }))
        }
        let blank = Root()
        sections.append(
            section("Options", Root.options.map { (names(of: $0), meaning(of: $0, in: blank)) } + [helpOption]))
        if !Root.examples.isEmpty {
            let lines = Root.examples.map { "  \($0.line)\n      \($0.meaning)" }
            sections.append("Examples:\n" + lines.joined(separator: "\n"))
        }
        sections.append(section("Exit codes", exitCodes(of: command).map { (String($0.rawValue), $0.meaning) }))
        return sections.joined(separator: "\n\n") + "\n"
    }

    /// The help of the program: its commands.
    static func text(of commands: [any Command.Type]) -> String {
        let rows = commands.map { ($0.name, $0.summary) }
        return """
            Lodestone keeps fleets of etcd clusters: declared as records, kept running, inspected, backed up, reported.

            Usage: lodestone COMMAND [options]

            \(section("Commands", rows))

            "lodestone COMMAND --help" tells everything about a command. Commands find the controller by its kubeconfig:
            --kubeconfig, else $LODESTONE_KUBECONFIG, else .lodestone/kubeconfig in this directory or one above, else
            /var/lib/lodestone/kubeconfig.

            """
    }

    private static let helpOption = ("  -h, --help", "Shows this text.")

    private static func exitCodes<Root: Command>(of command: Root.Type) -> [ExitCode] {
        ExitCode.allCases.filter { [.success, .failure, .usage].contains($0) || Root.exitCodes.contains($0) }
    }

    private static func usage<Root: Command>(of command: Root.Type) -> String {
        (["Usage: lodestone", Root.name] + Root.operands.map(\.usage) + ["[options]"]).joined(separator: " ")
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

    private static func meaning<Root>(of option: CommandOption<Root>, in blank: Root) -> String {
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

    private static func wrap(_ text: String, width: Int) -> [String] {
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
