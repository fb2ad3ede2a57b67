import Model

/// The progress of a backup on standard error: one line that is rewritten on a terminal, few lines elsewhere.
struct ProgressLine {
    private let console: Console
    private var lastLine = ""
    private var lastShown: ContinuousClock.Instant?
    private var lastPhase: BackupPhase?

    init(console: Console) {
        self.console = console
    }

    /// Shows where the backup stands.
    mutating func show(_ status: EtcdBackupStatus) throws {
        let line = Self.line(status)
        guard line != lastLine else { return }
        if console.errorsAreTerminal {
            try console.rewriteNote(line)
        } else {
            // In a log, a line for every change of phase and one in five seconds besides are enough.
            let isDue = lastShown.map { ContinuousClock.now - $0 > .seconds(5) } ?? true
            guard isDue || status.phase != lastPhase else { return }
            try console.note(line)
        }
        lastLine = line
        lastShown = .now
        lastPhase = status.phase
    }

    /// Ends the line.
    mutating func finish() throws {
        if console.errorsAreTerminal, !lastLine.isEmpty { try console.note("") }
    }

    private static func line(_ status: EtcdBackupStatus) -> String {
        var line = status.phase.rawValue
        if status.phase == .running, let done = status.transferred {
            if let all = status.expected, all.bytes > 0 {
                let part = min(1, Double(done.bytes) / Double(all.bytes))
                let full = Int((part * 30).rounded())
                let bar = String(repeating: "#", count: full) + String(repeating: ".", count: 30 - full)
                line += " [\(bar)] \(Int(part * 100))%, \(done.rounded) of \(all.rounded)"
            } else {
                line += " \(done.rounded)"
            }
        }
        if !status.message.isEmpty { line += ": \(status.message)" }
        return line
    }
}
