@testable import Client
import Model
import TestSupport
import Testing

struct ColourTests {
    @Test(
        "The environment decides about colour, and the option over it",
        arguments: [
            ([:], true, true), ([:], false, false), (["NO_COLOR": "1"], true, false), (["NO_COLOR": ""], true, true),
            (["TERM": "dumb"], true, false), (["CLICOLOR": "0"], true, false), (["CLICOLOR_FORCE": "1"], false, true),
            (["CLICOLOR_FORCE": "0"], false, false), (["CLICOLOR_FORCE": "1", "NO_COLOR": "1"], true, false),
        ] as [([String: String], Bool, Bool)])
    func environment(variables: [String: String], isTerminal: Bool, wanted: Bool) {
        #expect(Console.wantsColour(variables, isTerminal: isTerminal) == wanted)
    }

    @Test("--color always colours a pipe, --color never nothing")
    func option() async throws {
        let fixture = try await ControllerFixture()
        try await fixture.serving { _ in
            _ = try await fixture.run("apply -f -", input: Sample.cluster("orders"))
            #expect(!(try await fixture.run("get ec")).contains("\u{1B}"))
            #expect(try await fixture.run("get ec --color always").contains("\u{1B}[2mNAME"))
            let terminal = TestSession(environment: ["LODESTONE_KUBECONFIG": fixture.kubeconfig], isTerminal: true)
            #expect(await terminal.run("get ec") == .success)
            #expect(terminal.output.contains("\u{1B}["))
            let plain = TestSession(environment: ["LODESTONE_KUBECONFIG": fixture.kubeconfig], isTerminal: true)
            #expect(await plain.run("get ec --color=never") == .success)
            #expect(!plain.output.contains("\u{1B}"))
            #expect(await plain.run("get ec --color purple") == .usage)
        }
    }

    @Test("What is not known is never green, in any column of any kind")
    func unknown() {
        for registered in RegisteredKind.all {
            for column in registered.columns {
                for word in ["Unknown", "", "-", "Sideways", "unknown", "0/0", "?/3", "1/0"] {
                    let style = CellStyle.style(of: word, column: column.name, kind: registered.kind)
                    #expect(style != .green, "\(registered.kind.name) \(column.name) \(word)")
                }
            }
        }
    }

    @Test("Words of a status are coloured by what they mean")
    func words() {
        func style(_ kind: Kind, _ column: String, _ word: String) -> Paint.Style? {
            CellStyle.style(of: word, column: column, kind: kind)
        }
        #expect(style(EtcdCluster.kind, "Phase", "Running") == .green)
        #expect(style(EtcdCluster.kind, "Phase", "Running (paused)") == .yellow)
        #expect(style(EtcdCluster.kind, "Phase", "QuorumLost") == .red)
        #expect(style(EtcdCluster.kind, "Phase", "Unknown") == .magenta)
        #expect(style(EtcdCluster.kind, "Ready", "3/3") == .green)
        #expect(style(EtcdCluster.kind, "Ready", "2/3") == .yellow)
        #expect(style(EtcdCluster.kind, "Ready", "0/3") == .red)
        #expect(style(EtcdBackup.kind, "Phase", "Running") == .yellow)
        #expect(style(EtcdBackup.kind, "Phase", "Lost") == .red)
        #expect(style(EtcdInspection.kind, "Verdict", "Diverged") == .red)
        #expect(style(EtcdMigration.kind, "Proof", "Equal") == .green)
        #expect(style(AccessToken.kind, "State", "Revoked") == .red)
        #expect(style(Event.kind, "Type", "Warning") == .yellow)
        #expect(style(EtcdCluster.kind, "Leader", "Running") == nil)
    }
}
