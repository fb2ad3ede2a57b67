@testable import Client
import Model
import Store
import Synchronization
import TestSupport
import Testing

/// What a terminal would obey never reaches it, whoever wrote it.
struct ConsoleTests {
    private static let evil = "a\u{1B}]0;title\u{7}b\u{9B}2Jc\rd\u{8}e\u{7F}f\u{1B}[32mg\u{1B}[1;31mh\u{0}"
    private static let shown =
        "a\u{FFFD}]0;title\u{FFFD}b\u{FFFD}2Jc\u{FFFD}d\u{FFFD}e\u{FFFD}f\u{FFFD}[32mg\u{FFFD}[1;31mh\u{FFFD}"

    /// What a console writes, to both places.
    private static func written(
        isTerminal: Bool, colour: Bool, _ body: (Console) throws -> Void
    ) throws -> String {
        let written = Mutex("")
        let console = Console(
            isTerminal: isTerminal, errorsAreTerminal: isTerminal, usesColour: colour,
            output: { (text) throws(Console.OutputClosed) in written.withLock { $0 += text } },
            errors: { (text) throws(Console.OutputClosed) in written.withLock { $0 += text } })
        try body(console)
        return written.withLock { $0 }
    }

    @Test(
        "Lines for people show no control characters but line feeds and tabs", arguments: [true, false], [true, false])
    func people(isTerminal: Bool, colour: Bool) throws {
        let text = try Self.written(isTerminal: isTerminal, colour: colour) { console in
            try console.print("x\t\(Self.evil)\ny")
            try console.note(Self.evil)
        }
        #expect(text == "x\t\(Self.shown)\ny\n\(Self.shown)\n")
    }

    @Test("Our own emphasis comes through, what it emphasises is cleaned, and nobody else's emphasis does")
    func emphasis() throws {
        let text = try Self.written(isTerminal: true, colour: true) { console in
            try console.print(console.paint(.red, "bad ") + Self.evil + console.paint(.green, Self.evil))
            // That of another console is nobody's here.
            try console.print(Paint(isEnabled: true, seal: "1")(.green, "x"))
            try console.print(Paint(isEnabled: true)(.green, "x"))
        }
        #expect(
            text == "\u{1B}[1;31mbad \u{1B}[0m\(Self.shown)\u{1B}[32m\(Self.shown)\u{1B}[0m\n"
                + "\u{FFFD}[32;1mx\u{FFFD}[0;1m\n\u{FFFD}[32mx\u{FFFD}[0m\n")
    }

    @Test("Documents for machines are as they are, unless a terminal reads them")
    func documents() throws {
        #expect(try Self.written(isTerminal: false, colour: false) { try $0.write(Self.evil) } == Self.evil)
        #expect(try Self.written(isTerminal: true, colour: false) { try $0.write(Self.evil) } == Self.shown)
    }

    @Test("Pages and lines that are drawn anew are cleaned too")
    func drawn() throws {
        let text = try Self.written(isTerminal: true, colour: true) { console in
            try Screen(console).draw([Self.evil])
            try console.rewriteNote(Self.evil)
        }
        #expect(text == "\u{1B}[H\(Self.shown)\u{1B}[K\u{1B}[J\r\(Self.shown)\u{1B}[K")
    }

    @Test("Texts without control characters are left alone, in any script")
    func plain() {
        for text in ["", "größe", "Ünï — ÄÖ", "集群", "é\u{301}", "\u{C2}\u{A0}", "a\tb\n"] {
            #expect(Paint(isEnabled: true, seal: "7").finished(text) == text)
        }
    }

    @Test("What a record says reaches no terminal unescaped: describe, report, get and events")
    func records() async throws {
        let fixture = try await ControllerFixture()
        try await fixture.serving { _ in
            _ = try await fixture.run("apply -f -", input: Sample.cluster("orders"))
            var cluster = try await fixture.store.get(EtcdCluster.self, named: "orders", in: "default")
            var member = MemberStatus()
            member.name = "m0"
            member.message = "msg \u{1B}]0;owned\u{7}\u{9B}2J"
            cluster.status.members = [member]
            cluster.status.phase = .degraded
            cluster.status.conditions = [
                Condition(.ready, .false, reason: "Trouble", message: "why \u{1B}[2Jcleared\r")
            ]
            try await fixture.store.updateStatus(cluster)
            for line in ["describe ec orders", "report", "get ec -o wide", "get ec orders -o yaml", "events"] {
                let session = TestSession(environment: ["LODESTONE_KUBECONFIG": fixture.kubeconfig], isTerminal: true)
                _ = await session.run(line)
                let text = session.output + session.errors
                let rest = text.replacing(/\u{1B}\[[0-9;]*m/, with: "")
                #expect(
                    !rest.unicodeScalars.contains {
                        $0.properties.generalCategory == .control && $0 != "\n" && $0 != "\t"
                    }, "\(line): \(rest.debugDescription)")
            }
        }
    }
}
