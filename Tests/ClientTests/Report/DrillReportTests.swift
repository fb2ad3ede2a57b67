import Model
import Testing

@testable import Client

/// What the report says of drills.
struct DrillReportTests {
    private typealias F = ReportFixtures

    private static func result(_ verdict: DrillVerdict, ago seconds: Int64) -> DrillResult {
        var result = DrillResult()
        result.backup = "b1"
        result.verdict = verdict
        result.message = "the message"
        result.completionTime = F.ago(seconds)
        if verdict == .passed { result.recoveryTime = .milliseconds(4200) }
        return result
    }

    private static func report(_ history: [DrillResult], stale: Int64 = -100) -> ClusterReport {
        let cluster = F.cluster { cluster in
            cluster.spec.backup?.drill = DrillPolicy()
            var status = ClusterDrillStatus()
            status.history = history
            status.staleTime = F.ago(stale)
            cluster.status.drill = status
        }
        return F.report([cluster]).clusters[0]
    }

    private static func row(_ report: ClusterReport) -> String {
        let lines = ClusterText(paint: Paint(isEnabled: false), now: F.now).lines(report)
        return lines.first { $0.contains("Drill  ") } ?? ""
    }

    @Test("A cluster without drills has no row of them")
    func none() {
        let report = F.report([F.cluster()]).clusters[0]
        #expect(report.drill == nil && Self.row(report).isEmpty)
    }

    @Test("A drill that passed is shown with its age and the measured recovery")
    func passed() {
        let report = Self.report([Self.result(.passed, ago: 300)])
        #expect(report.findings.isEmpty && report.state == .ok)
        let row = Self.row(report)
        #expect(row.contains("Passed") && row.contains("5m ago") && row.contains("4s200ms"), "\(row)")
    }

    @Test("One that failed is a critical finding until another passes, whatever could not be told since")
    func failed() {
        let failed = Self.result(.failed, ago: 600)
        for history in [[failed], [Self.result(.unknown, ago: 60), failed]] {
            let report = Self.report(history)
            #expect(report.findings.map(\.finding.code) == ["DrillFailed"] && report.state == .critical)
            #expect(Self.row(report).contains("Failed"))
        }
        #expect(Self.report([Self.result(.passed, ago: 60), failed]).findings.isEmpty)
    }

    @Test("One that could not be made, and one that is too old, warn and are not known")
    func unknown() {
        let passed = Self.result(.passed, ago: 600)
        let unable = Self.report([Self.result(.unknown, ago: 60), passed])
        #expect(unable.findings.map(\.finding.code) == ["DrillNotMade"] && unable.state == .attention)
        #expect(unable.drill?.verdict == .unknown)
        let stale = Self.report([passed], stale: 1)
        #expect(stale.findings.map(\.finding.code) == ["DrillOverdue"] && stale.state == .attention)
        #expect(stale.drill?.verdict == .unknown && Self.row(stale).contains("Unknown"))
    }

    @Test("Where none was made yet the row says so")
    func noneYet() {
        let report = Self.report([])
        #expect(report.drill?.verdict == nil && Self.row(report).contains("None"))
    }
}
