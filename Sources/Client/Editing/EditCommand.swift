import Manifests
import Model

/// `lodestone edit`: changes a record in an editor.
struct EditCommand: Command {
    var targets: [String] = []
    var isDryRun = false
    var connection = ConnectionOptions()

    static let name = "edit"
    static let summary = "opens a record in your editor and stores what you make of it"
    static let discussion = """
        The editor is $VISUAL, else $EDITOR, else vi. What you change is sent as a change of just these fields, so that
        nothing that the controller writes meanwhile is lost. What is refused comes back into the editor with the reasons
        on top. A file that is left as it was, or empty, changes nothing.
        """
    static let operands: [Operand<EditCommand>] = [
        Operand(
            "KIND[/NAME] [NAME]", \.targets, required: true, completing: .targets,
            "Which record: \"ec orders\" or \"ec/orders\"")
    ]
    static let options: [CommandOption<EditCommand>] =
        [CommandOption("dry-run", \.isDryRun, "Has the controller check what you make of it, and changes nothing")]
        + ConnectionOptions.options.map { $0.within(\.connection) }
    static let examples = [CommandExample("lodestone edit ec orders", "Changes a cluster.")]
    static let exitCodes = [ExitCode.unreachable]

    func run(in session: Session) async throws -> ExitCode {
        let named = try RecordTargets(targets, command: Self.name)
        guard named.areNamed, named.targets.count == 1, let target = named.targets.first else {
            throw UsageError("edit one record at a time, such as ec/orders", command: Self.name)
        }
        let connection = try await connection.connect(in: session)
        let query = RecordQuery(target.kind.kind, namespace: connection.namespace, name: target.name)
        let original = EditedRecord.editable(try await connection.client.get(query))
        let file = try EditedFile(named: "\(original.reference.replacing("/", with: "-")).yaml", in: session)
        var text = original.yaml
        var reasons: [String] = []
        while true {
            let before = EditedRecord.text(text, original.reference, reasons)
            let after = try await file.edit(before, in: session)
            let content = EditedRecord.content(of: after)
            if content.trimmed.isEmpty || content == original.yaml {
                file.remove()
                try session.console.note("nothing changed")
                return .success
            }
            if after == before, !reasons.isEmpty {
                throw CommandFailure(
                    "nothing was changed, since what is in \(file.path) was refused: \(reasons.joined(separator: "; "))"
                )
            }
            text = content
            do {
                let edited = try EditedRecord.read(after, of: original)
                let patch = Value.mergePatch(from: original, to: edited)
                let stored = try await connection.client.patch(
                    patch, query, as: "lodestone-edit", dryRun: isDryRun)
                file.remove()
                try session.console.print("\(stored.reference) edited\(isDryRun ? " (dry run)" : "")")
                return .success
            } catch let error as ManifestError {
                reasons = error.problems.map { EditedRecord.reason($0, in: after) }
            } catch let error as EditProblem {
                reasons = [error.description]
            } catch APIError.refused(let status) where [400, 409, 422].contains(status.code) {
                reasons =
                    status.causes.isEmpty ? [status.message] : status.causes.map { "\($0.field): \($0.message)" }
            } catch {
                try session.console.note("what you wrote is in \(file.path)")
                throw error
            }
        }
    }
}

/// A record on its way through an editor.
enum EditedRecord {
    /// What of a record a person can change.
    static func editable(_ record: Value) -> Value {
        var record = record
        record["status"] = nil
        for name in ["managedFields", "resourceVersion", "generation", "uid", "creationTimestamp"] {
            record["metadata"]?[name] = nil
        }
        return record
    }

    /// What the editor shows: instructions, what was refused last time, the record.
    static func text(_ content: String, _ reference: String, _ reasons: [String]) -> String {
        var lines = ["# \(reference). Lines that begin with # do not count; an empty file changes nothing."]
        if !reasons.isEmpty {
            lines += ["#", "# This was refused; change it, or leave it as it is to give up:"]
            lines += reasons.flatMap { $0.split(separator: "\n") }.map { "# - \($0)" }
        }
        return (lines + ["#", content]).joined(separator: "\n")
    }

    /// What is wrong with a field, or else with a line of the record; the lines above it come and go.
    static func reason(_ problem: ManifestProblem, in text: String) -> String {
        guard problem.path.description.isEmpty else { return "\(problem.path): \(problem.message)" }
        let above = text.split(separator: "\n", omittingEmptySubsequences: false).prefix { $0.hasPrefix("#") }.count
        return "line \(max(1, problem.line - above)) of the record: \(problem.message)"
    }

    /// What the editor left, without the lines at the top that do not count.
    static func content(of text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).drop { $0.hasPrefix("#") }.joined(separator: "\n")
    }

    /// Reads what was made of a record.
    ///
    /// - Throws: `ManifestError` for what is no record, or another one.
    static func read(_ text: String, of original: Value) throws -> Value {
        let manifests = try ManifestReader.read([ManifestSource(file: "line", bytes: Array(text.utf8))])
        guard let manifest = manifests.first, manifests.count == 1 else {
            throw EditProblem("there must be one record, as before")
        }
        for (path, before) in [
            ("kind", original["kind"]), ("metadata.name", original[path: "metadata", "name"]),
            ("metadata.namespace", original[path: "metadata", "namespace"]),
        ] {
            var value: Value? = manifest.document
            for step in path.split(separator: ".") { value = value?[String(step)] }
            guard value == before else {
                throw ManifestError([manifest.problem(at: FieldPath(parsing: path), "cannot be changed here")])
            }
        }
        return manifest.document
    }
}

/// What an editor left is not one record.
private struct EditProblem: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
