import Manifests

/// Turns what `-f` names (files, directories, `-` for standard input) into the files to read.
struct ManifestFiles {
    private let session: Session
    private let isRecursive: Bool
    private var sources: [ManifestSource] = []

    /// Reads all that is named.
    ///
    /// - Throws: `FileError` for the first that cannot be read, or a directory without manifests.
    static func read(
        _ names: [String], recursive isRecursive: Bool, in session: Session
    ) throws(FileError) -> [ManifestSource] {
        var files = ManifestFiles(session: session, isRecursive: isRecursive)
        for name in names { try files.read(name) }
        return files.sources
    }

    private init(session: Session, isRecursive: Bool) {
        self.session = session
        self.isRecursive = isRecursive
    }

    private mutating func read(_ name: String) throws(FileError) {
        if name == "-" {
            sources.append(ManifestSource(file: "stdin", bytes: try session.readInput()))
        } else if InputFile.isDirectory(session.path(name)) {
            let before = sources.count
            try readDirectory(name)
            guard sources.count > before else {
                throw FileError(name, "holds no .yaml, .yml or .json file\(isRecursive ? "" : "; try --recursive")")
            }
        } else {
            try readFile(name)
        }
    }

    private mutating func readDirectory(_ directory: String) throws(FileError) {
        let prefix = directory.hasSuffix("/") ? directory : directory + "/"
        for name in try InputFile.names(in: session.path(directory)) {
            if InputFile.isDirectory(session.path(prefix + name)) {
                if isRecursive { try readDirectory(prefix + name) }
            } else if [".yaml", ".yml", ".json"].contains(where: { name.hasSuffix($0) }) {
                try readFile(prefix + name)
            }
        }
    }

    private mutating func readFile(_ name: String) throws(FileError) {
        do throws(FileError) {
            let bytes = try InputFile.read(session.path(name), limit: YAML.maximumSize)
            sources.append(ManifestSource(file: name, bytes: bytes))
        } catch {
            throw FileError(name, error.reason)
        }
    }
}
