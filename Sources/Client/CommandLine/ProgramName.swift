/// How the executable was called, which decides how it speaks of itself and whose server it talks to.
public enum ProgramName: Sendable {
    /// By its own name.
    case lodestone
    /// As a plugin of kubectl: `kubectl lodestone`, which runs `kubectl-lodestone`.
    case plugin
    /// By kubectl, to complete the words of its plugin: `kubectl_complete-lodestone`.
    case pluginCompletion

    /// Understands the first argument of a process.
    public init(path: String) {
        switch path.split(separator: "/").last {
        case "kubectl-lodestone": self = .plugin
        case "kubectl_complete-lodestone": self = .pluginCompletion
        default: self = .lodestone
        }
    }

    /// What a person types to call it.
    var words: String { self == .lodestone ? "lodestone" : "kubectl lodestone" }

    /// A text that speaks of commands, as they are typed here: `"lodestone get"` or a line that begins so.
    func inItsWords(_ text: String) -> String {
        guard self != .lodestone else { return text }
        let quoted = text.replacing("\"lodestone ", with: "\"\(words) ").replacing("| lodestone ", with: "| \(words) ")
        return quoted.hasPrefix("lodestone ") ? words + quoted.dropFirst("lodestone".count) : quoted
    }
}
