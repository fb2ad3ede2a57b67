import Model

/// The progress of a restore or a drill on standard error: one bar for all of it, rewritten on a terminal, few lines elsewhere.
struct RestoreProgressLine {
    private let console: Console
    private var lastLine = ""
    private var lastShown: ContinuousClock.Instant?
    private var lastPhase: String?

    init(console: Console) {
        self.console = console
    }

    /// Shows where the restore stands.
    mutating func show(_ restore: ClusterRestoreStatus) throws {
        try show(restore.phase.rawValue, restore.progress, restore.message)
    }

    /// Shows where a drill stands.
    mutating func show(_ drill: DrillRun) throws {
        try show(drill.step.rawValue, drill.progress, drill.message)
    }

    mutating func show(_ phase: String, _ progress: Int64, _ message: String) throws {
        let full = Int(progress * 30 / 100)
        let bar = String(repeating: "#", count: full) + String(repeating: ".", count: 30 - full)
        let line = "\(phase) [\(bar)] \(progress)%: \(message)"
        guard line != lastLine else { return }
        if console.errorsAreTerminal {
            try console.rewriteNote(line)
        } else {
            // In a log, a line for every change of phase and one in five seconds besides are enough.
            let isDue = lastShown.map { ContinuousClock.now - $0 > .seconds(5) } ?? true
            guard isDue || phase != lastPhase else { return }
            try console.note(line)
        }
        lastLine = line
        lastShown = .now
        lastPhase = phase
    }

    /// Ends the line.
    mutating func finish() throws {
        if console.errorsAreTerminal, !lastLine.isEmpty { try console.note("") }
    }
}
