import Testing

@testable import Nodes

@Suite("Why a member ended")
struct ExitClassifierTests {
    struct Case: Sendable {
        var status: ProcessExitStatus
        var log: [Substring]
        var reason: ExitReason
        var word: String
    }

    private static func entry(_ level: String, _ message: String, _ error: String) -> Substring {
        #"{"level":"\#(level)","ts":"2026-01-01T00:00:00Z","msg":"\#(message)","error":"\#(error)","stacktrace":"x\n\ty"}"#
    }

    static let cases: [Case] = [
        Case(
            status: .code(1),
            log: [entry("fatal", "discovery failed", "listen tcp 127.0.0.1:1: bind: address already in use")],
            reason: .portInUse, word: "discovery failed: listen tcp 127.0.0.1:1"),
        Case(
            status: .code(2),
            log: [entry("panic", "failed to create WAL", "no space left on device"), "panic: failed"],
            reason: .diskFull, word: "failed to create WAL"),
        Case(
            status: .code(2), log: [entry("panic", "failed to open database", "invalid database"), "panic: failed"],
            reason: .databaseCorrupt, word: "invalid database"),
        Case(
            status: .code(2),
            log: ["panic: freepages: failed to get all reachable pages (page 4: out of bounds: 5)", ""],
            reason: .databaseCorrupt, word: "freepages"),
        Case(
            status: .code(1), log: [entry("fatal", "discovery failed", "walpb: crc mismatch")], reason: .logCorrupt,
            word: "crc mismatch"),
        Case(
            status: .code(1), log: [entry("fatal", "discovery failed", "wal: max entry size limit exceeded")],
            reason: .logCorrupt, word: "max entry"),
        // A removed member ends with code 0, and only a warning says why.
        Case(
            status: .code(0),
            log: [entry("warn", "server error", "the member has been permanently removed from the cluster")],
            reason: .removedFromCluster, word: "permanently removed"),
        Case(
            status: .code(1),
            log: [entry("fatal", "invalid downgrade; server version is lower than determined cluster version", "")],
            reason: .invalidDowngrade, word: "invalid downgrade"),
        Case(
            status: .code(2), log: ["flag provided but not defined: -foo", "Usage:", "  etcd [flags]"],
            reason: .invalidFlag, word: "-foo"),
        Case(
            status: .code(1), log: [entry("fatal", "discovery failed", "member 9a4f has already been bootstrapped")],
            reason: .alreadyBootstrapped, word: "bootstrapped"),
        Case(
            status: .code(1), log: [entry("fatal", "discovery failed", "cannot fetch cluster info from peer urls: x")],
            reason: .peersUnreachable, word: "peer urls"),
        Case(
            status: .code(1), log: [entry("fatal", "failed to commit tx", "write d: input/output error")],
            reason: .diskFailure, word: "input/output"),
        Case(status: .signal(9), log: [entry("info", "serving", "")], reason: .killed, word: "serving"),
        Case(status: .signal(15), log: ["x"], reason: .terminated, word: "x"),
        Case(
            status: .unknown, log: [entry("info", "received signal; shutting down", "")], reason: .terminated,
            word: "received signal"),
        Case(status: .code(2), log: ["panic: assignment to entry in nil map"], reason: .panicked, word: "nil map"),
        Case(status: .code(1), log: [], reason: .unexplained, word: ""),
        // Warnings and information that only mention such words explain nothing.
        Case(
            status: .unknown,
            log: [
                entry("warn", "peer became inactive", "connect: permission denied"),
                entry("info", "compacted", "no space left on device"),
            ], reason: .unexplained, word: "compacted"),
        // A kill is a kill, whatever an earlier entry said.
        Case(
            status: .signal(9), log: [entry("fatal", "discovery failed", "bind: address already in use")],
            reason: .killed, word: "bind"),
    ]

    @Test("The reason follows from the status and the log's own words", arguments: cases)
    func reasons(_ example: Case) {
        let (reason, evidence) = ExitClassifier.classify(example.status, log: example.log)
        #expect(reason == example.reason)
        #expect(example.word.isEmpty || evidence.contains { $0.contains(example.word) })
        #expect(!evidence.contains { $0.contains("stacktrace") })
    }

    @Test("Every reason has an explanation and a remedy", arguments: ExitReason.allCases)
    func words(reason: ExitReason) {
        #expect(!reason.explanation.isEmpty && reason.explanation.last != ".")
        #expect(reason.remedy.last == ".")
    }
}
