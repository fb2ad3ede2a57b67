internal import CPlatform
import Glibc

/// Where a command writes: results to `output`, all that is said about them to `errors`.
///
/// Names and messages come from records and from servers, and may hold what a terminal obeys instead of showing it. Here,
/// and nowhere else, it is taken out: of all that is said to people, and of documents for machines where a terminal is what
/// reads them. Only emphasis by this console's own ``paint`` comes through.
public struct Console: Sendable {
    /// The reader of our output has gone, as `head` does; there is nothing left to do.
    public struct OutputClosed: Error {}

    /// Whether a person watches the output, so that lines may be rewritten and coloured.
    public let isTerminal: Bool
    /// Whether a person watches what is said on standard error.
    public let errorsAreTerminal: Bool
    /// How text is emphasised.
    public let paint: Paint
    /// The height of the terminal, if there is one and it says so.
    private let height: @Sendable () -> Int?
    private let output: @Sendable (String) throws(OutputClosed) -> Void
    private let errors: @Sendable (String) throws(OutputClosed) -> Void

    /// Creates a console that writes to the two given places.
    public init(
        isTerminal: Bool = false, errorsAreTerminal: Bool = false, usesColour: Bool = false,
        height: @escaping @Sendable () -> Int? = { nil },
        output: @escaping @Sendable (String) throws(OutputClosed) -> Void,
        errors: @escaping @Sendable (String) throws(OutputClosed) -> Void
    ) {
        self.isTerminal = isTerminal
        self.errorsAreTerminal = errorsAreTerminal
        paint = Paint(isEnabled: usesColour, seal: String(UInt64.random(in: 0 ... .max)))
        self.height = height
        self.output = output
        self.errors = errors
    }

    /// The process' own standard output and error; the environment decides about colour where nobody else does.
    public static func standard(environment: [String: String]) -> Console {
        let isTerminal = isatty(STDOUT_FILENO) == 1
        return Console(
            isTerminal: isTerminal, errorsAreTerminal: isatty(STDERR_FILENO) == 1,
            usesColour: Self.wantsColour(environment, isTerminal: isTerminal),
            height: {
                let rows = Int(lodestone_terminal_rows(STDOUT_FILENO))
                return rows > 0 ? rows : nil
            },
            output: { (text) throws(OutputClosed) in try write(text, to: STDOUT_FILENO) },
            errors: { (text) throws(OutputClosed) in try write(text, to: STDERR_FILENO) })
    }

    /// A console whose every word is lost.
    static let silent = Console(
        output: { (_) throws(OutputClosed) in }, errors: { (_) throws(OutputClosed) in })

    /// Whether the environment asks for colour (no-color.org, bixense.com/clicolors): never against `NO_COLOR`, in a
    /// pipe only with `CLICOLOR_FORCE`.
    static func wantsColour(_ environment: [String: String], isTerminal: Bool) -> Bool {
        guard environment["NO_COLOR", default: ""].isEmpty else { return false }
        if !["", "0"].contains(environment["CLICOLOR_FORCE", default: ""]) { return true }
        return isTerminal && environment["TERM"] != "dumb" && environment["CLICOLOR"] != "0"
    }

    /// The console of a command whose colours were asked for.
    func coloured(_ colour: CommonOptions.Colour) -> Console {
        let usesColour: Bool =
            switch colour {
            case .auto: paint.isEnabled
            case .always: true
            case .never: false
            }
        return Console(
            isTerminal: isTerminal, errorsAreTerminal: errorsAreTerminal, usesColour: usesColour, height: height,
            output: output,
            errors: errors)
    }

    /// The lines the terminal has at the moment.
    var rows: Int? { height() }

    /// Writes a line of the result, for people.
    public func print(_ line: String = "") throws(OutputClosed) { try output(paint.finished(line) + "\n") }

    /// Writes a document of the result, for machines: as it is, unless it goes to a terminal.
    public func write(_ text: String) throws(OutputClosed) { try output(isTerminal ? paint.finished(text) : text) }

    /// Says something about the work: a line on standard error, which no machine takes for the result.
    public func note(_ line: String) throws(OutputClosed) { try errors(paint.finished(line) + "\n") }

    /// Puts a line in place of the one that was said last on standard error, which must be a terminal.
    func rewriteNote(_ line: String) throws(OutputClosed) {
        try errors("\r" + Self.joined(paint.finished(line)) + "\u{1B}[K")
    }

    /// Makes the terminal do something.
    func control(_ sequence: String) throws(OutputClosed) { try output(sequence) }

    /// Draws lines from the top of the terminal.
    func draw(_ lines: [String]) throws(OutputClosed) {
        // Each line is cleared behind its text rather than the page before: nothing flickers.
        let page = lines.map { Self.joined(paint.finished($0)) + "\u{1B}[K" }.joined(separator: "\r\n")
        try output("\u{1B}[H" + page + "\u{1B}[J")
    }

    /// A text that is one line whatever it says, as the place of what follows is counted.
    private static func joined(_ text: String) -> String {
        text.contains("\n") ? text.replacing("\n", with: " ") : text
    }

    private static func write(_ text: String, to descriptor: CInt) throws(OutputClosed) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                guard errno == EINTR || errno == EAGAIN else { throw OutputClosed() }
                if errno == EAGAIN {
                    var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&waiting, 1, -1)
                }
            } else {
                rest = rest.dropFirst(count)
            }
        }
    }
}
