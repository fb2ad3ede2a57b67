/// The manual page lodestone(1), in the language of man(7), made from the declarations of the commands.
struct ManualPage {
    let commands: [any Command.Type]

    /// The page.
    func text(version: String) -> String {
        var lines = [
            ".TH LODESTONE 1 \"\" \(Self.quoted("lodestone \(version)")) \"User Commands\"", ".SH NAME",
            "lodestone \\- a control plane for fleets of etcd clusters", ".SH SYNOPSIS", ".B lodestone",
            "\\fICOMMAND\\fR [\\fIoptions\\fR]", ".SH DESCRIPTION",
        ]
        lines += Self.paragraphs(
            "Lodestone keeps fleets of etcd clusters: declared as records, kept running, inspected, backed up, reported.\n\n"
                + HelpText.finding(ProgramName.lodestone))
        lines.append(".SH COMMANDS")
        for command in commands { lines += section(of: command) }
        lines.append(".SH OPTIONS OF ALL COMMANDS")
        lines += CommonOptions.options.flatMap { Self.item($0, in: CommonOptions()) }
        lines += Self.item("\\fB\\-h\\fR, \\fB\\-\\-help\\fR", "Shows the help of the command.")
        lines.append(".SH OPTIONS OF COMMANDS THAT TALK TO A CONTROLLER")
        lines += ConnectionOptions.options.flatMap { Self.item($0, in: ConnectionOptions()) }
        lines.append(".SH EXIT STATUS")
        lines += ExitCode.allCases.flatMap { Self.item("\\fB\($0.rawValue)\\fR", $0.meaning) }
        lines.append(".SH ENVIRONMENT")
        for (name, meaning) in Self.variables { lines += Self.item("\\fB\(Self.escaped(name))\\fR", meaning) }
        lines.append(".SH FILES")
        for (name, meaning) in Self.files { lines += Self.item("\\fI\(Self.escaped(name))\\fR", meaning) }
        lines += [".SH SEE ALSO", ".BR kubectl (1),", ".BR etcdctl (1),", ".BR etcd (1)"]
        return lines.joined(separator: "\n") + "\n"
    }

    private static let variables = [
        ("LODESTONE_KUBECONFIG", "The kubeconfig, as --kubeconfig names it."),
        ("LODESTONE_NAMESPACE", "The namespace, as --namespace names it."),
        ("KUBECONFIG", "kubectl's kubeconfigs, several with colons between; the first that has an entry counts."),
        ("NO_COLOR", "If not empty, nothing is coloured; so it is if CLICOLOR is 0 or TERM is dumb."),
        ("CLICOLOR_FORCE", "If neither empty nor 0, output is coloured in pipes too."),
        ("VISUAL, EDITOR", "The editor of \"lodestone edit\"."),
    ]

    private static let files = [
        (".lodestone/kubeconfig", "What a controller that was started in a directory writes there."),
        ("/var/lib/lodestone/kubeconfig", "What the controller of the machine writes."),
        ("~/.kube/config", "kubectl's own; used only if its current context is one of a Lodestone controller."),
    ]

    private func section<Root: Command>(of command: Root.Type) -> [String] {
        let blank = Root()
        var lines = [
            ".SS \(Self.quoted("lodestone \(Root.name)"))",
            Self.line(Root.summary.prefix(1).uppercased() + Root.summary.dropFirst() + "."),
            ".PP",
            "\\fBlodestone \(Self.escaped(Root.name))\\fR "
                + Self.escaped((Root.operands.map(\.usage) + ["[options]"]).joined(separator: " ")),
        ]
        if !Root.discussion.isEmpty { lines += [".PP"] + Self.paragraphs(Root.discussion) }
        for operand in Root.operands {
            lines += Self.item("\\fI\(Self.escaped(operand.placeholder))\\fR", operand.summary + ".")
        }
        let common = Set(ConnectionOptions.options.map(\.name))
        let connects = common.isSubset(of: Set(Root.options.map(\.name)))
        for option in Root.options where !(connects && common.contains(option.name)) {
            lines += Self.item(option, in: blank)
        }
        for example in Root.examples {
            lines += [".PP", Self.line(example.meaning), ".PP", ".RS", ".EX", Self.line(example.line), ".EE", ".RE"]
        }
        return lines
    }

    private static func item<Root>(_ option: CommandOption<Root>, in blank: Root) -> [String] {
        let names = (option.short.map { ["-\($0)"] } ?? []) + ["--\(option.name)"]
        var head = names.map { "\\fB\(escaped($0))\\fR" }.joined(separator: ", ")
        if let placeholder = option.placeholder {
            head += option.implied == nil ? " \\fI\(escaped(placeholder))\\fR" : "[=\\fI\(escaped(placeholder))\\fR]"
        }
        return item(head, HelpText.meaning(of: option, in: blank) + ".")
    }

    private static func item(_ head: String, _ text: String) -> [String] { [".TP", head] + paragraphs(text) }

    private static func paragraphs(_ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? ".PP" : line(String($0)) }
    }

    /// A line of text, which must not be taken for a request.
    private static func line(_ text: String) -> String {
        let text = escaped(text)
        return text.hasPrefix(".") || text.hasPrefix("'") ? "\\&\(text)" : text
    }

    private static func quoted(_ text: String) -> String { "\"\(escaped(text).replacing("\"", with: "\\(dq"))\"" }

    /// A text without what roff would read as its own: minus signs that can be searched for and copied, too.
    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\e").replacing("-", with: "\\-").replacing("~", with: "\\(ti")
            .replacing("^", with: "\\(ha").replacing("'", with: "\\(aq").replacing("`", with: "\\(ga")
    }
}
