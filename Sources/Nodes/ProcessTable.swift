import Glibc

/// Finds the etcd process of a member by looking at what runs, so that nothing need be remembered.
enum ProcessTable {
    /// The process whose `--data-dir` is this member's, or nil when none runs.
    ///
    /// The note written at the start is asked first, since it costs two reads; without it, or when it is outdated, all
    /// of `/proc` is looked through.
    static func process(using directory: MemberDirectory) -> ProcessIdentity? {
        if let noted = ProcessNote.read(directory)?.identity, ProcessIdentity.current(noted.pid) == noted,
            uses(directory, noted.commandLine)
        {
            return noted
        }
        // Without /proc nothing can be found; a start then fails on etcd's own locks.
        let names = (try? LocalFiles.names(in: "/proc")) ?? []
        for pid in names.compactMap(Int32.init) {
            guard let process = ProcessIdentity.current(pid), uses(directory, process.commandLine) else { continue }
            return process
        }
        return nil
    }

    /// Whether a command line is etcd's with this data directory, by name or by being the same directory.
    static func uses(_ directory: MemberDirectory, _ commandLine: [String]) -> Bool {
        guard isEtcd(commandLine), let path = dataDirectory(commandLine) else { return false }
        return path == directory.dataPath || isSame(path, directory.dataPath)
    }

    /// Every etcd process whose data lies in a home below `root`, by the home's path.
    static func processes(below root: MemberDirectory) -> [String: (pid: Int32, clientURL: String)] {
        var found: [String: (pid: Int32, clientURL: String)] = [:]
        let names = (try? LocalFiles.names(in: "/proc")) ?? []  // Without /proc nothing can be found.
        for pid in names.compactMap(Int32.init) {
            guard let process = ProcessIdentity.current(pid) else { continue }
            let commandLine = process.commandLine
            guard isEtcd(commandLine), let path = dataDirectory(commandLine), path.hasPrefix("\(root.path)/"),
                path.hasSuffix("/data"), !path.hasPrefix("\(root.path)/quarantine/")
            else { continue }
            found[String(path.dropLast(5))] = (pid, value(of: "advertise-client-urls", in: commandLine) ?? "")
        }
        return found
    }

    /// Every process whose command line is as wanted.
    static func processes(where isWanted: ([String]) -> Bool) -> [ProcessIdentity] {
        let names = (try? LocalFiles.names(in: "/proc")) ?? []  // Without /proc nothing can be found.
        return names.compactMap { name in
            guard let pid = Int32(name), let process = ProcessIdentity.current(pid), isWanted(process.commandLine)
            else { return nil }
            return process
        }
    }

    private static func isEtcd(_ commandLine: [String]) -> Bool {
        commandLine.first?.split(separator: "/").last == "etcd"
    }

    private static func dataDirectory(_ commandLine: [String]) -> String? { value(of: "data-dir", in: commandLine) }

    private static func value(of name: String, in commandLine: [String]) -> String? {
        for (index, word) in commandLine.enumerated() {
            for flag in ["--\(name)", "-\(name)"] {
                if word.hasPrefix("\(flag)=") { return String(word.dropFirst(flag.count + 1)) }
                if word == flag, index + 1 < commandLine.count { return commandLine[index + 1] }
            }
        }
        return nil
    }

    private static func isSame(_ left: String, _ right: String) -> Bool {
        guard left.hasPrefix("/") else { return false }
        var (one, other) = (stat(), stat())
        return stat(left, &one) == 0 && stat(right, &other) == 0 && one.st_ino == other.st_ino
            && one.st_dev == other.st_dev
    }
}

/// The note about a member's process, beside its data: a shortcut to find it, never the truth.
struct ProcessNote {
    var identity: ProcessIdentity
    /// Size of the log when the process was started, so that an older run's last words are not taken for its own.
    var logOffset: Int

    static func read(_ directory: MemberDirectory) -> ProcessNote? {
        // A note that cannot be read is as good as none.
        guard let bytes = (try? LocalFiles.read(directory.processNotePath)) ?? nil else { return nil }
        let text = KeyValueText(bytes)
        guard let pid = text["pid"].flatMap({ Int32($0) }), let ticks = text["start-ticks"].flatMap({ UInt64($0) }),
            let offset = text["log-offset"].flatMap({ Int($0) })
        else { return nil }
        return ProcessNote(identity: ProcessIdentity(pid: pid, startTicks: ticks), logOffset: offset)
    }

    func write(to directory: MemberDirectory) throws(NodeError) {
        var text = KeyValueText()
        text["pid"] = "\(identity.pid)"
        text["start-ticks"] = "\(identity.startTicks)"
        text["log-offset"] = "\(logOffset)"
        let comment = "The etcd process last started here. Written by Lodestone; harmless to delete."
        try LocalFiles.replace(directory.processNotePath, with: text.bytes(comment: comment))
    }
}
