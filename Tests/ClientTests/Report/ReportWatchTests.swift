@testable import Client
import Model
import Synchronization
import TestSupport
import Testing

struct ReportWatchTests {
    private static let now = Timestamp("2026-11-21T12:00:00Z") ?? .now

    private static func records(_ phase: ClusterPhase) -> FleetRecords {
        var cluster = EtcdCluster()
        cluster.metadata = ObjectMeta(name: "orders")
        cluster.metadata.namespace = "default"
        cluster.status.phase = phase
        return FleetRecords(clusters: [cluster])
    }

    /// What the watch sees look by look; then it is interrupted.
    private func watch(
        _ looks: [FleetRecords?], threshold: Severity? = nil, isTerminal: Bool = false
    ) async throws -> (code: ExitCode?, session: TestSession) {
        let session = TestSession(now: Self.now, isTerminal: isTerminal)
        let rest = Mutex(looks[...])
        let watch = ReportWatch(
            session: session.session(), interval: .milliseconds(1), threshold: threshold,
            render: { ["clusters: " + $0.clusters.map(\.phase.rawValue).joined(separator: " ")] }, isText: true)
        do {
            let code = try await watch.run {
                guard let look = rest.withLock({ $0.popFirst() }) else { throw CancellationError() }
                guard let look else { throw APIError.unreachable("nobody there") }
                return look
            }
            return (code, session)
        } catch is CancellationError {
            return (nil, session)
        }
    }

    @Test("In a pipe a report is written again when it says something else, and an absence once")
    func pipe() async throws {
        // Nobody has looked at the members of these records, so that a phase of Running is not believed.
        let (running, lost) = (Self.records(.running), Self.records(.quorumLost))
        let ended = try await watch([running, running, lost, nil, nil, lost, running])
        #expect(ended.session.output == "clusters: Unknown\n\nclusters: QuorumLost\n\nclusters: Unknown\n")
        #expect(ended.session.errors == "nobody there\nthe controller answers again\n")
    }

    @Test("A terminal is taken, drawn anew, and given back when it is interrupted")
    func terminal() async throws {
        let ended = try await watch([Self.records(.running), nil], isTerminal: true)
        let output = ended.session.output
        #expect(output.hasPrefix("\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l\u{1B}[H"))
        #expect(output.hasSuffix("\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l"))
        #expect(output.components(of: "\u{1B}[H") == 2)
        #expect(output.contains("has not answered since 2026-11-21T12:00:00Z") && output.contains("nobody there"))
        #expect(output.components(of: "1049l") == 1)
        #expect(ended.session.errors.isEmpty)
    }

    @Test("A watch for something bad ends with it, and leaves it on the terminal")
    func threshold() async throws {
        let ended = try await watch(
            [Self.records(.running), Self.records(.quorumLost)], threshold: .critical, isTerminal: true)
        // Nobody has looked at these members, so the first look is Unknown, which is no critical finding.
        #expect(ended.code == .findings)
        #expect(ended.session.output.hasSuffix("\u{1B}[?1049lclusters: QuorumLost\n"))
    }

    @Test("A controller that is not there at the start is no watch")
    func absent() async throws {
        await #expect(throws: APIError.unreachable("nobody there")) { try await watch([nil]) }
    }

    @Test("A page that is too long says how much is missing")
    func height() throws {
        let written = Mutex("")
        let console = Console(
            height: { 3 }, output: { (text) throws(Console.OutputClosed) in written.withLock { $0 += text } },
            errors: { (_) throws(Console.OutputClosed) in })
        try Screen(console).draw(["1", "2", "3", "4"])
        #expect(
            written.withLock { $0 }
                == "\u{1B}[H1\u{1B}[K\r\n2\u{1B}[K\r\n... 2 more lines; the terminal is too low\u{1B}[K\u{1B}[J")
    }
}

extension String {
    /// How often a text is in this one.
    fileprivate func components(of text: String) -> Int { ranges(of: text).count }
}
