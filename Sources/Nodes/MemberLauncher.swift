import Glibc

/// Brings one member's process to life, or finds that it lives already; never a second one on one directory.
enum MemberLauncher {
    /// A member's process, started or adopted.
    struct Launched {
        var process: ProcessHandle
        /// Size of the log when this process was started, or 0 when that is not known.
        var logOffset: Int
    }

    /// The process of `spec`'s directory, started now if none runs.
    ///
    /// In this order, so that a crash of the controller at any point is harmless: the marker is proven or written, the
    /// running process looked for, the lock taken, the process looked for again, loss and room judged, the process
    /// started, the note written. Whoever comes later finds the process by its data directory, note or no note.
    static func start(_ spec: MemberSpec) throws(NodeError) -> Launched {
        let arguments = try spec.arguments()
        let directory = spec.directory
        try directory.claim(for: spec.identity)
        if let running = try running(directory) { return running }

        let lock = try StartLock(directory)
        defer { withExtendedLifetime(lock) {} }
        if let running = try running(directory) { return running }
        try? directory.latchData()  // A full disk must not keep the member from the start that may follow its cure.
        try directory.refuseLoss(of: spec.identity, mustHoldData: spec.mustHoldData)
        try requireBinary(spec)
        try requireSpace(directory)

        let log = MemberLog(path: directory.logPath)
        try log.rotate()
        let offset = log.size
        let pid = try Spawn.start(
            spec.binary, arguments, directory: directory.path,
            variables: spec.processors.map { ["GOMAXPROCS=\($0)"] } ?? [], output: .append(log.path))
        // Not reaped yet, so even a process that has ended at once still has its number and its start time.
        guard let identity = ProcessIdentity.started(pid), let handle = try ProcessHandle(child: identity) else {
            throw .system(call: "read of /proc/\(pid)/stat", path: spec.binary, code: ESRCH)
        }
        // The process runs already, so a note that cannot be written (a full disk) is no reason to fail.
        try? ProcessNote(identity: identity, logOffset: offset).write(to: directory)
        return Launched(process: handle, logOffset: offset)
    }

    /// The process that runs on `directory`, or nil when none does.
    static func running(_ directory: MemberDirectory) throws(NodeError) -> Launched? {
        guard let identity = ProcessTable.process(using: directory), let handle = try ProcessHandle(identity) else {
            return nil
        }
        let note = ProcessNote.read(directory)
        return Launched(process: handle, logOffset: note?.identity == identity ? note?.logOffset ?? 0 : 0)
    }

    private static func requireBinary(_ spec: MemberSpec) throws(NodeError) {
        guard access(spec.binary, X_OK) == 0, !LocalFiles.isDirectory(spec.binary) else {
            throw .binaryNotExecutable(member: spec.identity.description, path: spec.binary)
        }
    }

    private static func requireSpace(_ directory: MemberDirectory) throws(NodeError) {
        guard !directory.holdsData else { return }
        let available = try FileSystemSpace.at(directory.path).available
        guard available >= FileSystemSpace.firstStart else {
            throw .insufficientSpace(
                directory: directory.path, available: available, needed: FileSystemSpace.firstStart)
        }
    }
}
