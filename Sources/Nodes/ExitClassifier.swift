/// Decides why etcd ended from its status and its own last words; pure.
enum ExitClassifier {
    /// The reason, and the lines that show it (or the last ones).
    ///
    /// The words are those of etcd 3.4.23 and 3.5.1 as seen. Exit codes tell little: 1 for fatal entries, 2 for panics
    /// and bad flags, and 0 for a member that was removed from its cluster.
    static func classify(_ status: ProcessExitStatus, log lines: [Substring]) -> (
        reason: ExitReason, evidence: [String]
    ) {
        if case .signal(let number) = status, let reason = reasonOfSignal(number) {
            return (reason, evidence(lines.suffix(1)))
        }
        let recent = lines.suffix(400)
        for rule in rules {
            let shown = recent.filter { line in rule.words.contains { line.contains($0) } && rule.admits(line) }
            if !shown.isEmpty { return (rule.reason, evidence(shown.suffix(2))) }
        }
        if recent.contains(where: { $0.contains("received signal; shutting down") }) {
            return (.terminated, evidence(lines.suffix(1)))
        }
        let panics = recent.filter { $0.hasPrefix("panic:") || $0.hasPrefix("fatal error:") }
        if !panics.isEmpty { return (.panicked, evidence(panics.suffix(2))) }
        return (.unexplained, evidence(lines.suffix(3)))
    }

    private struct Rule {
        var reason: ExitReason
        var words: [String]
        /// Whether a mere warning counts; most of these words also stand in warnings that end nothing.
        var includesWarnings = false

        func admits(_ line: Substring) -> Bool {
            guard line.hasPrefix("{") else { return true }
            if includesWarnings && line.contains(#""level":"warn""#) { return true }
            return line.contains(#""level":"fatal""#) || line.contains(#""level":"panic""#)
        }
    }

    /// In the order of their weight: what is surely the cause comes before what may be its consequence.
    private static let rules = [
        Rule(
            reason: .removedFromCluster, words: ["the member has been permanently removed from the cluster"],
            includesWarnings: true),
        Rule(reason: .invalidDowngrade, words: ["invalid downgrade;"]),
        Rule(
            reason: .invalidFlag,
            words: [
                "flag provided but not defined", "for flag -", "failed to verify flags", "error verifying flags",
            ], includesWarnings: true),
        Rule(reason: .portInUse, words: ["bind: address already in use"]),
        Rule(reason: .inconsistentData, words: ["found data inconsistency with peers"]),
        Rule(reason: .diskFull, words: ["no space left on device", "disk quota exceeded"]),
        Rule(reason: .fileTooLarge, words: ["file too large"]),
        Rule(reason: .diskFailure, words: ["input/output error", "read-only file system"]),
        Rule(
            reason: .logCorrupt,
            words: [
                "crc mismatch", "wal: max entry size limit exceeded", "wal: file not found", "wal: slice bounds",
                "wal: conflicting metadata", "failed to read WAL",
            ]),
        Rule(
            reason: .databaseCorrupt,
            words: [
                "invalid database", "freepages:", "failed to get all reachable pages", "checksum error",
                "failed to recover v3 backend from snapshot", "failed to find database snapshot file",
                "page already freed",
                "unexpected page type",
            ]),
        Rule(reason: .alreadyBootstrapped, words: ["has already been bootstrapped"]),
        Rule(
            reason: .membershipMismatch,
            words: [
                "couldn't find local name", "member count is unequal", "error validating peerURLs",
                "unmatched member while checking PeerURLs", "has unequal",
            ]),
        Rule(reason: .peersUnreachable, words: ["cannot fetch cluster info from peer urls"]),
        Rule(reason: .permissionDenied, words: ["permission denied", "operation not permitted"]),
        Rule(
            reason: .tooManyOpenFiles,
            words: ["too many open files", "file descriptor limit of etcd process is too low"]),
        Rule(reason: .outOfMemory, words: ["out of memory", "cannot allocate memory"]),
    ]

    private static func reasonOfSignal(_ number: Int32) -> ExitReason? {
        switch number {
        case 9: .killed
        case 1, 2, 15: .terminated
        case 25: .fileTooLarge
        default: nil
        }
    }

    private static func evidence(_ lines: some Collection<Substring>) -> [String] {
        lines.suffix(5).map { String(spoken($0).prefix(300)) }
    }

    /// A structured entry as people say it, `message: error`; any other line as it is.
    private static func spoken(_ line: Substring) -> String {
        guard line.hasPrefix("{"), let message = field("msg", line) else { return String(line) }
        guard let error = field("error", line) else { return message }
        return "\(message): \(error)"
    }

    /// The value of a text field of a JSON entry, up to its closing quote.
    private static func field(_ name: String, _ line: Substring) -> String? {
        guard let start = line.firstRange(of: "\"\(name)\":\"")?.upperBound else { return nil }
        var value = ""
        var isEscaped = false
        for character in line[start...] {
            if isEscaped {
                value.append(character == "n" || character == "t" ? " " : character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                return value
            } else {
                value.append(character)
            }
        }
        return nil
    }
}
