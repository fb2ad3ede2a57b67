import Glibc

/// Brings one member's process to life, or finds that it lives already; never a second one on one directory.
enum MemberLauncher {
    /// The process of `spec`'s directory, started now if none runs.
    ///
    /// In this order, so that a crash of the controller at any point is harmless: the marker is proven or written, the
    /// running process looked for, the lock taken, the process looked for again, loss and room judged, the process
    /// started, the note written. Whoever comes later finds the process by its data directory, note or no note.
    static func start(_ spec: MemberSpec) throws(NodeError) -> ProcessHandle {
        let arguments = try spec.arguments()
        let directory = spec.directory
        try directory.claim(for: spec.identity)
        if let handle = try running(directory) { return handle }

        let lock = try StartLock(directory)
        defer { withExtendedLifetime(lock) {} }
        if let handle = try running(directory) { return handle }
        try directory.latchData()
        try directory.refuseLoss(of: spec.identity, mustHoldData: spec.mustHoldData)
        try requireBinary(spec)
        try requireSpace(directory)

        let log = MemberLog(path: directory.logPath)
        try log.rotate()
        let offset = log.size
        let pid = try Spawn.start(spec.binary, arguments, directory: directory.path, output: .append(log.path))
        // Not reaped yet, so even a process that has ended at once still has its number and its start time.
        guard let identity = ProcessIdentity.started(pid), let handle = try ProcessHandle(child: identity) else {
            throw .system(call: "read of /proc/\(pid)/stat", path: spec.binary, code: ESRCH)
        }
        // The process runs already, so a note that cannot be written (a full disk) is no reason to fail.
        try? ProcessNote(identity: identity, logOffset: offset).write(to: directory)
        return handle
    }

    /// A grip on the process that runs on `directory`, or nil when none does.
    static func running(_ directory: MemberDirectory) throws(NodeError) -> ProcessHandle? {
        guard let identity = ProcessTable.process(using: directory) else { return nil }
        return try ProcessHandle(identity)
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
