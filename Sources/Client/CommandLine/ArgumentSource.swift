public import Model

/// What an argument can be, as far as it can be listed: for shells that complete it.
public enum ArgumentSource: Sendable, Equatable {
    /// Nobody can list it.
    case nothing
    /// One of a few words.
    case words([String])
    /// A file.
    case files
    /// A directory.
    case directories
    /// A namespace.
    case namespaces
    /// A context of the kubeconfig.
    case contexts
    /// A record of a kind, by its name.
    case records(Kind)
    /// A kind.
    case kinds
    /// Kinds and records: `ec`, `ec orders`, `ec/orders`.
    case targets
    /// A field of a kind: `ec.spec.size`.
    case fields

    /// What the words in a usage line say by themselves.
    static func standard(choices: [String], placeholder: String?) -> ArgumentSource {
        switch placeholder {
        case _ where !choices.isEmpty: .words(choices)
        case "FILE": .files
        case "DIRECTORY": .directories
        default: .nothing
        }
    }
}
