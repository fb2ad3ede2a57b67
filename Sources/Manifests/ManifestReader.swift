import Model

/// The bytes of a file of manifests with the name messages give it.
public struct ManifestSource: Sendable {
    /// The file as it was named on the command line; `stdin` for what came through a pipe.
    public let file: String
    /// What it holds.
    public let bytes: [UInt8]

    /// Creates a source.
    public init(file: String, bytes: [UInt8]) {
        self.file = file
        self.bytes = bytes
    }
}

/// Reads manifests, strictly and to the end: a person gets every problem of every record at once, with its line.
public struct ManifestReader {
    private let namespace: String
    private var manifests: [Manifest] = []
    private var problems: [ManifestProblem] = []
    private var seen: [String: ManifestProblem] = [:]

    private init(namespace: String) {
        self.namespace = namespace
    }

    /// Reads all records of all files, in their order; `kind: List` stands for its items.
    ///
    /// - Parameters:
    ///   - sources: The files.
    ///   - namespace: The namespace of records that name none.
    /// - Returns: The records, each checked as the server will check it.
    /// - Throws: `ManifestError` with everything that is wrong.
    public static func read(
        _ sources: [ManifestSource], namespace: String = "default"
    ) throws(ManifestError) -> [Manifest] {
        var reader = ManifestReader(namespace: namespace)
        for source in sources { reader.read(source) }
        guard reader.problems.isEmpty else { throw ManifestError(reader.problems) }
        return reader.manifests
    }

    private mutating func read(_ source: ManifestSource) {
        var stream = DocumentStream(source.bytes)
        do throws(YAMLError) {
            while let document = try stream.next() {
                for problem in document.problems {
                    problems.append(
                        ManifestProblem(
                            file: source.file, line: problem.line, path: problem.path, message: problem.message))
                }
                // A document with a broken field would only be found to lack that field as well.
                if document.problems.isEmpty { read(document.root, in: source.file) }
            }
        } catch {
            problems.append(ManifestProblem(file: source.file, line: error.line, message: error.message))
        }
    }

    private mutating func read(_ root: SourceNode, in file: String) {
        func problem(_ path: FieldPath, _ message: String) {
            problems.append(ManifestProblem(file: file, line: root.line(of: path), path: path, message: message))
        }
        let value = root.value
        guard value.members != nil else {
            return problem(FieldPath(), "a record must be an object with apiVersion and kind, not \(value.typeName)")
        }
        guard let apiVersion = value["apiVersion"]?.string, !apiVersion.isEmpty else {
            return problem("apiVersion", "must be given, such as \"lodestone.dev/v1alpha1\"")
        }
        guard let kind = value["kind"]?.string, !kind.isEmpty else {
            return problem("kind", "must be given, such as \"EtcdCluster\"")
        }
        if kind == "List" || kind.hasSuffix("List") && RegisteredKind.named(String(kind.dropLast(4))) != nil {
            return readItems(of: root, in: file)
        }
        guard let registered = RegisteredKind.claimed(apiVersion: apiVersion, kind: kind) else {
            let (field, message) = Self.unknownKind(kind, apiVersion: apiVersion)
            return problem(field, message)
        }
        read(root, value, as: registered, in: file)
    }

    private mutating func readItems(of root: SourceNode, in file: String) {
        guard case .sequence(let items)? = root["items"]?.content else {
            problems.append(
                ManifestProblem(
                    file: file, line: root.line(of: "items"), path: "items", message: "must be a list of records"))
            return
        }
        for item in items { read(item, in: file) }
    }

    private static func unknownKind(_ kind: String, apiVersion: String) -> (FieldPath, String) {
        let kinds = RegisteredKind.all.map(\.kind)
        if let known = kinds.first(where: { $0.name == kind }) {
            return ("apiVersion", "\"\(apiVersion)\" has no kind \(kind); write \"\(known.apiVersion)\"")
        }
        if let known = closestWord(to: kind, among: kinds.map(\.name)) {
            return ("kind", "unknown kind \"\(kind)\"; did you mean \"\(known)\"?")
        }
        return ("kind", "unknown kind \"\(kind)\"; known are \(kinds.map(\.name).joined(separator: ", "))")
    }

    private mutating func read(_ root: SourceNode, _ value: Value, as kind: RegisteredKind, in file: String) {
        var document = value
        if kind.kind.isNamespaced, value[path: "metadata", "namespace"]?.isVacant != false,
            value["metadata"]?.members != nil
        {
            document["metadata"]?["namespace"] = .string(namespace)
        }
        let normalised: Value
        do throws(InvalidRecord) {
            normalised = try kind.normalised(document)
        } catch {
            let record = Manifest.displayName(kind: kind.kind.name, source: root)
            problems += error.problems.map {
                ManifestProblem(
                    file: file, line: root.line(of: $0.path), record: record, path: $0.path, message: $0.message)
            }
            return
        }
        let manifest = Manifest(kind: kind, document: document, normalised: normalised, file: file, source: root)
        if !manifest.name.isEmpty {
            let identity = "\(kind.kind.qualifiedPlural)/\(manifest.namespace)/\(manifest.name)"
            let place = manifest.problem(at: "metadata.name", "")
            if let first = seen[identity] {
                problems.append(
                    manifest.problem(at: "metadata.name", "is declared twice; first in \(first.file):\(first.line)"))
            } else {
                seen[identity] = place
            }
        }
        manifests.append(manifest)
    }
}
