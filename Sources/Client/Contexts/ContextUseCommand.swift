import Glibc
import Manifests
import Model

/// `lodestone context use`: changes the current context of a kubeconfig.
struct ContextUseCommand: Command {
    var context = ""
    var kubeconfig = KubeconfigOption()

    static let name = "context use"
    static let summary = "makes a context the current one of its kubeconfig"
    static let discussion = """
        Only the line with the current context is written, in the file that commands read here; kubectl reads the same
        line. For one command --context does without.
        """
    static let operands: [Operand<ContextUseCommand>] = [
        Operand("CONTEXT", \.context, completing: .contexts, "The name of the context, see \"lodestone context list\"")
    ]
    static let options: [CommandOption<ContextUseCommand>] =
        KubeconfigOption.options.map { $0.within(\.kubeconfig) }
    static let examples = [CommandExample("lodestone context use production", "Works with that server from now on.")]
    static let exitCodes = [ExitCode.unreachable]

    func run(in session: Session) async throws -> ExitCode {
        let sets = try KubeconfigSet.all(named: kubeconfig.file, in: session)
        guard let first = sets.first else { throw KubeconfigPlace.nothing(in: session) }
        guard first.entry(.contexts, context) != nil else {
            if let other = sets.first(where: { $0.entry(.contexts, context) != nil }) {
                throw CommandFailure(
                    "the context \"\(context)\" is in \(other.files[0].shownAs), but here commands read "
                        + "\(first.files[0].shownAs), which comes first; name the context with --context, or the file with "
                        + "LODESTONE_KUBECONFIG", code: .unreachable)
            }
            _ = try KubeconfigSet.find(named: kubeconfig.file, context: context, in: session)
            return .failure
        }
        // As kubectl: where the current context is said now, else in the first file.
        let file = first.current?.file ?? first.files[0]
        try CurrentContext(file: file).write(context)
        try session.console.print("the context in use is \(context) (\(file.shownAs))")
        return .success
    }
}

/// The line of a kubeconfig that names the current context.
struct CurrentContext {
    let file: KubeconfigFile

    /// Writes another name; everything else in the file, comments too, stays as it is wherever that can be.
    func write(_ name: String) throws {
        let text: String
        do {
            text = String(decoding: try InputFile.read(file.path, limit: 1 << 20), as: UTF8.self)
        } catch {
            throw file.failure("cannot be read: \(error.reason)")
        }
        var wanted = try file.read() ?? [:]
        wanted["current-context"] = .string(name)
        let line = "current-context: \(Value.string(name).json)"
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if let index = lines.firstIndex(where: { $0.hasPrefix("current-context:") }) {
            lines[index] = line
        } else {
            if lines.last == "" { lines.removeLast() }
            lines += [line, ""]
        }
        let edited = lines.joined(separator: "\n")
        // One that is written in another way, such as JSON, is written anew.
        let isRight = (try? YAML.documents(Array(edited.utf8)).first) == wanted
        do throws(FileError) {
            try OutputFile.replace(file.path, with: Array((isRight ? edited : wanted.yaml).utf8))
        } catch {
            throw file.failure("cannot be written: \(error.reason)")
        }
    }
}
