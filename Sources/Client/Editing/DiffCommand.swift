import Manifests
import Model

/// `lodestone diff`: shows what applying manifests would change.
struct DiffCommand: Command {
    var files: [String] = []
    var isRecursive = false
    var connection = ConnectionOptions()

    static let name = "diff"
    static let summary = "shows what applying manifests would change"
    static let discussion = """
        Asks the controller what each record would be (a dry run), and shows the lines that differ from what it is. The
        values of secrets are not shown. As kubectl does it, ends with 0 if nothing would change, with 1 if something
        would, and with more than 1 if that could not be told.
        """
    static let options: [CommandOption<DiffCommand>] =
        [
            CommandOption(
                "filename", short: "f", \.files, placeholder: "FILE", "A file, a directory, or - for standard input"),
            CommandOption("recursive", short: "R", \.isRecursive, "Whether to go into directories of directories"),
        ] + ConnectionOptions.options.map { $0.within(\.connection) }
    static let examples = [
        CommandExample("lodestone diff -f manifests/", "What \"lodestone apply -f manifests/\" would change.")
    ]
    static let exitCodes = [ExitCode.unreachable]

    func complaint() -> String? {
        files.isEmpty ? "name the manifests with -f: a file, a directory, or - for standard input" : nil
    }

    func run(in session: Session) async throws -> ExitCode {
        do {
            return try await compare(in: session)
        } catch let error as Console.OutputClosed {
            throw error
        } catch let error as APIError where error.exitCode == .failure {
            throw CommandFailure("\(error)", code: .usage)
        } catch let error as CommandFailure where error.code == .failure {
            throw CommandFailure(error.description, code: .usage)
        } catch let error as ManifestError {
            throw CommandFailure("\(error)", code: .usage)
        } catch let error as FileError {
            throw CommandFailure("\(error)", code: .usage)
        }
    }

    private func compare(in session: Session) async throws -> ExitCode {
        let sources = try ManifestFiles.read(files, recursive: isRecursive, in: session)
        let connection = try await connection.connect(in: session)
        var problems: [ManifestProblem] = []
        var differs = false
        for manifest in try ApplyCommand.records(in: sources, namespace: connection.namespace) {
            do {
                let query = RecordQuery(manifest.kind.kind, namespace: manifest.namespace, name: manifest.name)
                let present = manifest.name.isEmpty ? nil : try await connection.client.find(query)
                let future = try await Application(manifest: manifest, client: connection.client).perform(dryRun: true)
                let (old, new) = DiffText.shown(present, future.record)
                let lines = LineDifference.unified(old, new)
                guard !lines.isEmpty else { continue }
                differs = true
                let paint = session.console.paint
                let name = "\(manifest.namespace.isEmpty ? "" : "\(manifest.namespace)/")\(future.record.reference)"
                try session.console.print(paint(.bold, "--- \(present == nil ? "/dev/null" : "\(name) (as it is)")"))
                try session.console.print(paint(.bold, "+++ \(name) (as it would be)"))
                for line in lines { try session.console.print(line.painted(paint)) }
            } catch APIError.refused(let status) where status.code != 401 {
                problems += manifest.problems(status)
            }
        }
        guard problems.isEmpty else { throw ManifestError(problems) }
        return differs ? .failure : .success
    }
}

/// Records as a difference shows them.
enum DiffText {
    /// The lines of a record as it is and as it would be, without what changes by every write and without secrets.
    static func shown(_ present: Value?, _ future: Value) -> (old: [String], new: [String]) {
        guard let present else { return ([], lines(masked(future, "***"))) }
        guard future["kind"] == "Secret" else { return (lines(present), lines(future)) }
        var (old, new) = (masked(present, "***"), masked(future, "***"))
        for (name, value) in present["data"]?.members ?? [:] {
            guard let other = future[path: "data", name], other != value else { continue }
            old["data"]?[name] = "*** (before)"
            new["data"]?[name] = "*** (after)"
        }
        return (lines(old), lines(new))
    }

    private static func masked(_ record: Value, _ mask: String) -> Value {
        guard record["kind"] == "Secret" else { return record }
        var record = record
        for name in record["data"]?.members?.keys ?? [] { record["data"]?[name] = .string(mask) }
        // The annotation of kubectl holds the data in clear.
        record["metadata"]?["annotations"]?["kubectl.kubernetes.io/last-applied-configuration"] = nil
        return record
    }

    private static func lines(_ record: Value) -> [String] {
        var record = record
        record["status"] = nil
        for name in ["managedFields", "resourceVersion", "generation", "uid", "creationTimestamp"] {
            record["metadata"]?[name] = nil
        }
        return record.yaml.split(separator: "\n").map(String.init)
    }
}
