import Glibc

/// The log file of one member: rotated before a start, read after an end.
struct MemberLog {
    let path: String

    /// Size from which the log is set aside before the next start, and how many old ones are kept.
    static let limit = 16 << 20
    static let kept = 3
    /// How much of the end is looked at to explain an exit.
    static let window = 128 << 10

    /// Sets a large log aside as `.1`, the last `.1` as `.2`, and so on; the oldest is dropped.
    func rotate(limit: Int = limit) throws(NodeError) {
        guard size > limit else { return }
        for number in stride(from: Self.kept - 1, through: 0, by: -1) {
            let old = number == 0 ? path : "\(path).\(number)"
            guard Glibc.rename(old, "\(path).\(number + 1)") == 0 || errno == ENOENT else {
                throw SystemCall.failure("rename", old)
            }
        }
    }

    /// Size in bytes, 0 when there is no log yet.
    var size: Int { LocalFiles.size(path) ?? 0 }

    /// The last lines written since the log had the size `offset`.
    func lines(since offset: Int) -> [Substring] {
        let current = size
        // Rotated or cut meanwhile: then all of it is new.
        let start = max(offset <= current ? offset : 0, current - Self.window)
        // A log that cannot be read explains nothing; the exit is then unexplained.
        let bytes = (try? LocalFiles.read(path, from: start)) ?? nil
        return String(decoding: bytes ?? [], as: UTF8.self).split(whereSeparator: \.isNewline)
    }
}
