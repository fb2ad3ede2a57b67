/// The whole terminal as a page that is drawn anew, with what was on it before put back at the end (the alternate screen
/// of xterm and all its kin).
final class Screen {
    private let console: Console
    private var isEntered = false

    init(_ console: Console) {
        self.console = console
    }

    /// Takes the terminal: another page, no cursor, and lines that are too long are cut by the terminal.
    func enter() throws {
        isEntered = true
        try console.control("\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l")
    }

    /// Gives the terminal back as it was; a second time does nothing.
    func leave() {
        guard isEntered else { return }
        isEntered = false
        // Whoever has gone needs nothing back.
        try? console.control("\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l")
    }

    /// Draws lines from the top; the last line says how many did not fit.
    func draw(_ lines: [String]) throws {
        let height = max(2, console.rows ?? 24)
        var shown = lines[...]
        if lines.count > height {
            shown = lines.prefix(height - 1)
            shown.append(console.paint(.dim, "... \(lines.count - height + 1) more lines; the terminal is too low"))
        }
        try console.draw(Array(shown))
    }
}
