import Glibc
import Manifests
import Model

/// A kubeconfig as a file: reads what it says and what it points at, and names itself in every complaint.
struct KubeconfigFile: Sendable {
    /// Where it is.
    let path: String
    /// How it is called in messages.
    let shownAs: String

    /// A failure whose sentence begins with the file.
    func failure(_ reason: String) -> CommandFailure {
        CommandFailure("the kubeconfig \(shownAs) \(reason)", code: .unreachable)
    }

    /// What the file holds; nil if it holds nothing.
    func read() throws -> Value? {
        do {
            let bytes = try InputFile.read(path, limit: 1 << 20)
            guard let root = try YAML.documents(bytes).first, root != .null else { return nil }
            guard root.members != nil else { throw failure("is no kubeconfig: it holds no fields") }
            return root
        } catch let error as FileError {
            throw failure("cannot be read: \(error.reason)")
        } catch let error as YAMLError {
            throw failure("is broken: \(error)")
        }
    }

    /// A path in the file, which begins at the file's own directory.
    func resolve(_ name: String) -> String {
        let directory = path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
        return name.hasPrefix("/") ? name : "\(directory)/\(name)"
    }

    /// The text of a file that this one points at.
    func content(of name: String) throws -> String {
        do {
            return try InputFile.text(resolve(name))
        } catch {
            throw failure("points at a file that cannot be read: \(error)")
        }
    }

    /// A text given in base64 under `name-data`, or as a file under `name`.
    func text(_ name: String, in entry: Value) throws -> String? {
        if let encoded = entry["\(name)-data"]?.string, !encoded.isEmpty {
            guard let bytes = Base64.decode(encoded), let text = String(validating: bytes, as: UTF8.self) else {
                throw failure("has a \(name)-data that is not base64")
            }
            return text
        }
        guard let name = entry[name]?.string, !name.isEmpty else { return nil }
        return try content(of: name)
    }

    /// Whether only this user, or root, can have written the file.
    var isOurs: Bool {
        var status = stat()
        guard stat(path, &status) == 0 else { return false }
        return (status.st_uid == geteuid() || status.st_uid == 0) && status.st_mode & 0o022 == 0
    }
}
