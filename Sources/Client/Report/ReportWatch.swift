import Model

/// A report that goes on: drawn anew on a terminal, written again in a pipe whenever it says something else.
struct ReportWatch {
    let session: Session
    let interval: Duration
    let threshold: Severity?
    /// The text of a report, or its document.
    let render: (StatusReport) -> [String]
    /// Whether it is made for people.
    let isText: Bool

    /// Shows reports until something is as bad as the threshold, or the task is cancelled.
    ///
    /// A controller that goes away is told and waited for; what was known of the fleet is shown on, and grows old.
    func run(_ fetch: () async throws -> FleetRecords) async throws -> ExitCode {
        var records = try await fetch()
        let usesScreen = isText && session.console.isTerminal && session.environment["TERM"] != "dumb"
        let screen = usesScreen ? Screen(session.console) : nil
        try screen?.enter()
        defer { screen?.leave() }
        var gist: [String]?
        var away: (since: Timestamp, why: String)?
        while true {
            let report = records.report(at: session.now())
            if let screen {
                try screen.draw(banner(away) + render(report))
            } else if report.gist != gist {
                if gist != nil, isText { try session.console.print() }
                for line in render(report) {
                    try isText ? session.console.print(line) : session.console.write(line + "\n")
                }
            }
            gist = report.gist
            if let threshold, away == nil, report.hasFindings(from: threshold) {
                // What ended the watch is what is left on the terminal.
                screen?.leave()
                if screen != nil { for line in render(report) { try session.console.print(line) } }
                return .findings
            }
            try await Task.sleep(for: interval)
            do {
                records = try await fetch()
                if away != nil, screen == nil { try session.console.note("the controller answers again") }
                away = nil
            } catch APIError.unreachable(let why) {
                if away == nil, screen == nil { try session.console.note(why) }
                away = away ?? (session.now(), why)
            }
        }
    }

    private func banner(_ away: (since: Timestamp, why: String)?) -> [String] {
        guard let away else { return [] }
        let words = "The controller has not answered since \(away.since): this is what was known of the fleet then."
        return [session.console.paint(.red, words), session.console.paint(.dim, away.why), ""]
    }
}
