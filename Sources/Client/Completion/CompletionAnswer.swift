import Model

/// The answer to a shell that completes a word, in the form that kubectl asks its plugins for as well (cobra's): a
/// candidate on a line each with its meaning behind a tab, then a line with what the shell should do.
struct CompletionAnswer: Sendable, Equatable {
    /// What the shell should do, as cobra numbers it.
    struct Directive: OptionSet, Sendable {
        let rawValue: Int
        /// Puts no space behind the word.
        static let noSpace = Directive(rawValue: 2)
        /// Does not fall back to files.
        static let noFiles = Directive(rawValue: 4)
        /// Completes directories.
        static let directories = Directive(rawValue: 16)
    }

    /// A shell that waits longer than this for a word annoys.
    static let limit = Duration.seconds(2)

    var candidates: [Completion] = []
    var directive = Directive.noFiles

    /// Answers a question; whatever cannot be found out is left out.
    static func answer(_ question: CompletionQuestion, in session: Session) async -> CompletionAnswer {
        var answer = CompletionAnswer()
        var found = question.words
        switch question.source {
        case .nothing, .words, .targets: break
        case .files: answer.directive = []
        case .directories: answer.directive = .directories
        case .kinds: found += kinds
        case .contexts: found += contexts(question.connection, session)
        case .namespaces: found += await records(of: Namespace.kind, question.connection, session)
        case .records(let kind): found += await records(of: kind, question.connection, session)
        case .fields:
            found += FieldWords.after(question.typed).map { Completion($0, "") }
            answer.directive.insert(.noSpace)
        }
        answer.candidates = found.filter { $0.word.hasPrefix(question.typed) }
            .map { Completion(question.lead + $0.word, $0.meaning) }
        return answer
    }

    /// The lines for the shell.
    var text: String {
        let lines = candidates.map { candidate in
            candidate.meaning.isEmpty ? candidate.word : "\(candidate.word)\t\(candidate.meaning)"
        }
        return (lines + [":\(directive.rawValue)", ""]).joined(separator: "\n")
    }

    private static var kinds: [Completion] {
        RegisteredKind.all.flatMap { registered in
            ([registered.kind.plural] + registered.kind.shortNames).map { Completion($0, registered.kind.name) }
        } + [Completion("all", "clusters, inspections, backups and migrations")]
    }

    private static func contexts(_ connection: ConnectionOptions, _ session: Session) -> [Completion] {
        // A kubeconfig that cannot be read has no contexts to offer; the command itself will say so.
        let sets = (try? KubeconfigSet.all(named: connection.kubeconfig, in: session)) ?? []
        return sets.flatMap(\.contexts).map { Completion($0.name, $0.file.shownAs) }
    }

    /// The names of the records of a kind; none if there is no answer in time.
    private static func records(
        of kind: Kind, _ connection: ConnectionOptions, _ session: Session
    ) async -> [Completion] {
        do {
            return try await withTimeLimit(limit) {
                CommandFailure("no answer")
            } _: {
                let connection = try await connection.connect(in: session.silent)
                let query = RecordQuery(kind, namespace: connection.namespace)
                return try await connection.client.table(query).rows.map { Completion($0.name, "") }
            }
        } catch {
            // Nobody can be told anything in the middle of a line.
            return []
        }
    }
}
