/// `lodestone completion`: prints what a shell needs to complete command lines.
struct CompletionCommand: Command {
    var shell = ""

    static let name = "completion"
    static let summary = "prints what bash, zsh or fish need to complete command lines"
    static let discussion = """
        Commands, options, their values and kinds are known without a controller; names of records, namespaces and
        contexts are looked up while you type, for two seconds at most. Where nothing can be found, nothing is offered.
        """
    static let operands: [Operand<CompletionCommand>] = [
        Operand("SHELL", \.shell, completing: .words(CompletionShell.choices), "bash, zsh or fish")
    ]
    static let options: [CommandOption<CompletionCommand>] = []
    static let examples = [
        CommandExample("source <(lodestone completion bash)", "For this shell; in ~/.bashrc for all."),
        CommandExample("lodestone completion zsh > ~/.zsh/_lodestone", "For zsh, in a directory of $fpath."),
        CommandExample("lodestone completion fish > ~/.config/fish/completions/lodestone.fish", "For fish."),
    ]

    func complaint() -> String? {
        CompletionShell(argument: shell) == nil
            ? "there is no completion for \"\(shell)\"; there is for bash, zsh, fish" : nil
    }

    func run(in session: Session) async throws -> ExitCode {
        guard let shell = CompletionShell(argument: shell) else { return .usage }
        try session.console.write(shell.script)
        return .success
    }
}
