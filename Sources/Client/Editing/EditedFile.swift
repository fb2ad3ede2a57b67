import Glibc

/// A file for an editor, which only its owner can read.
final class EditedFile: Sendable {
    /// Where it is.
    let path: String
    private let directory: String

    /// Makes a place for a file whose name tells an editor what it holds.
    init(named name: String, in session: Session) throws {
        let parent = session.environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        var template = Array("\(parent)/lodestone-edit-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw CommandFailure("no file for the editor can be made in \(parent): \(String(cString: strerror(errno)))")
        }
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        path = "\(directory)/\(name)"
    }

    /// Has a person edit a text; returns what it has become.
    func edit(_ text: String, in session: Session) async throws -> String {
        try OutputFile.writePrivate(path, Array(text.utf8))
        let editor = ["VISUAL", "EDITOR"].lazy.compactMap { session.environment[$0] }.first { !$0.isEmpty } ?? "vi"
        // An editor can be given with arguments, as in every other tool: a shell takes it apart.
        let code: Int32
        do throws(Subprocess.Failure) {
            code = try await Subprocess(
                "/bin/sh", ["-c", "\(editor) \"$1\"", "sh", path], environment: session.environment,
                directory: session.workingDirectory
            ).run()
        } catch {
            throw CommandFailure("the editor \(editor) \(error); say which one to use by the variable EDITOR")
        }
        guard code == 0 else {
            throw CommandFailure("the editor \(editor) ended with code \(code); nothing was changed, \(path) is kept")
        }
        return String(decoding: try InputFile.read(path, limit: 16 << 20), as: UTF8.self)
    }

    /// Removes the file and its directory.
    func remove() {
        unlink(path)
        rmdir(directory)
    }
}
