@testable import Client
import Model
import Testing

struct ReportTextTests {
    private typealias F = ReportFixtures

    private func text(_ report: StatusReport, colour: Bool = false, detail: ReportText.Detail = .auto) -> String {
        ReportText(paint: Paint(isEnabled: colour), detail: detail).lines(report).joined(separator: "\n")
    }

    @Test("Figures that were not just seen say when they were")
    func agedFigures() {
        let cluster = F.cluster { $0.status.observedTime = F.ago(40) }
        #expect(text(F.report([cluster])).contains("Local, revision 10234 (seen 40s ago)\n"))
    }

    @Test("A cluster that is well is shown with its members, verdicts and backups")
    func well() {
        #expect(
            text(F.report([F.cluster()])) == """
                Lodestone status report  2027-01-15T08:00:00Z
                1 cluster: 1 OK. 3 of 3 members serve. Findings: none.

                orders  OK  Running, etcd 3.4.23, Local, revision 10234
                  MEMBER     ROLE       PHASE     VERSION   DB SIZE    IN USE   REVISION   LAG
                  orders-0   Leader     Running   3.4.23     20 MiB   8.6 MiB      10234     0
                  orders-1   Follower   Running   3.4.23     20 MiB   8.6 MiB      10234     1
                  orders-2   Follower   Running   3.4.23     20 MiB   8.6 MiB      10234     2
                  Health        Healthy      4s ago   3 of 3 members serve
                  Consistency   Consistent   4s ago   3 members agree at revision 10230: 10000 keys
                  Backup        Stored       5m ago   orders-20270115-074500, revision 10000, 9.2 MiB; 3 kept; next in 55m
                  Findings      none
                """)
    }

    @Test("A cluster that is not well is shown with its findings and what to do about them")
    func notWell() {
        let cluster = F.cluster {
            $0.status.phase = .degraded
            $0.status.readyMembers = 2
            $0.status.members[2].phase = .backingOff
            $0.status.members[2].role = .unknown
            $0.status.members[2].version = ""
            $0.status.members[2].dbSize = nil
            $0.status.members[2].dbSizeInUse = nil
            $0.status.members[2].revision = nil
            $0.status.members[2].raftAppliedIndex = nil
            $0.status.backup = nil
            $0.spec.backup = nil
            $0.status.conditions = []
        }
        let consistency = F.inspection(.consistency) {
            $0.status.verdict = .diverged
            $0.status.message = "orders-2 differs"
            var finding = Finding(
                "MemberDiverged", .critical, members: ["orders-2"], "orders-2 holds other data at revision 10230",
                remedy: "replace the member")
            finding.since = F.ago(90)
            $0.status.findings = [finding]
        }
        let health = F.inspection(.health) { $0.status.lastRunTime = F.ago(50) }
        #expect(
            text(F.report([cluster], [health, consistency])) == """
                Lodestone status report  2027-01-15T08:00:00Z
                1 cluster: 1 critical. 2 of 3 members serve. Findings: 1 critical, 2 warning.

                orders  Critical  Degraded, etcd 3.4.23, Local, revision 10234
                  MEMBER     ROLE       PHASE        VERSION   DB SIZE    IN USE   REVISION   LAG
                  orders-0   Leader     Running      3.4.23     20 MiB   8.6 MiB      10234     0
                  orders-1   Follower   Running      3.4.23     20 MiB   8.6 MiB      10234     1
                  orders-2   Unknown    BackingOff   -               -         -          -     -
                  Health        Unknown    50s ago   stale; was Healthy: 3 of 3 members serve
                  Consistency   Diverged   4s ago    orders-2 differs
                  Backup        None       never     no schedule
                  Findings
                    CRITICAL  MemberDiverged (orders-2), for 1m30s: orders-2 holds other data at revision 10230
                              Remedy: replace the member
                    WARNING   ClusterDegraded: the cluster is Degraded
                              Remedy: lodestone describe ec orders shows what is known
                    WARNING   InspectionStale: the health inspection runs every 10s and last ran 50s ago
                              Remedy: see whether the controller runs (lodestone wait --for ready) and what its log says
                """)
    }

    @Test("Of many clusters those that are well get a line each, below the others")
    func many() {
        let clusters = (0..<12).map { index in
            F.cluster("c\(index)") { if index == 5 { $0.status.phase = .failed } }
        }
        let lines = text(F.report(clusters)).split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines[1] == "12 clusters: 1 critical, 11 OK. 36 of 36 members serve. Findings: 1 critical.")
        #expect(lines[3].hasPrefix("c5  Critical  Failed"))
        let rows = lines.suffix(12)
        #expect(rows.first == "CLUSTER   STATE   PHASE     MEMBERS   VERSION   REVISION   LAST BACKUP")
        #expect(rows.last == "c9        OK      Running   3/3       3.4.23    10234      5m ago")
        #expect(text(F.report(clusters), detail: .full).split(separator: "\n").count > 80)
        #expect(!text(F.report([F.cluster()]), detail: .brief).contains("orders-0"))
    }

    @Test("No clusters at all are no good news either")
    func empty() {
        #expect(text(F.report([])).hasSuffix("No clusters are declared. See \"lodestone apply --help\"."))
    }

    @Test("Colours are used only where they are wanted, and do not move columns")
    func colour() {
        let report = F.report([F.cluster()])
        let plain = text(report)
        let coloured = text(report, colour: true)
        #expect(!plain.contains("\u{1B}"))
        #expect(coloured.contains("\u{1B}[32mOK\u{1B}[0m"))
        #expect(coloured.replacing(/\u{1B}\[[0-9;]*m/, with: "") == plain)
    }
}
