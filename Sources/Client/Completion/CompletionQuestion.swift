import Model

/// What the last word of a command line can become: worked out from the declarations of the commands alone.
struct CompletionQuestion: Sendable {
    /// Words that are known without asking anybody, with what they mean.
    private(set) var words: [Completion] = []
    /// What else there is to look up.
    private(set) var source = ArgumentSource.nothing
    /// What of the word stays as it is, such as `--output=` or `ec/`.
    private(set) var lead = ""
    /// What of the word has been typed of what is looked for.
    private(set) var typed = ""
    /// How the line says the controller is found.
    private(set) var connection = ConnectionOptions()

    private var operands: [String] = []

    /// Reads the words of a line up to the cursor; the last one is to be completed and may be empty.
    init(_ line: [String], commands: [CommandShape], environment: [String: String]) {
        let before = line.dropLast()
        typed = line.last ?? ""
        for option in ConnectionOptions.options {
            guard let text = option.environment.flatMap({ environment[$0] }) else { continue }
            take(text, for: option.name)
        }
        let command = commands.filter { before.starts(with: $0.words) }.max { $0.words.count < $1.words.count }
        if !typed.hasPrefix("-") { words = Self.names(after: Array(before), commands) }
        guard let command else { return }
        complete(before.dropFirst(command.words.count), of: command)
    }

    /// The next words of the names of commands that begin with some words.
    private static func names(after before: [String], _ commands: [CommandShape]) -> [Completion] {
        var found: [Completion] = []
        for command in commands where command.words.starts(with: before) && command.words.count > before.count {
            let word = command.words[before.count]
            let isWhole = command.words.count == before.count + 1
            if let index = found.firstIndex(where: { $0.word == word }) {
                if isWhole { found[index].meaning = command.summary }
            } else {
                found.append(
                    Completion(word, isWhole ? command.summary : "\((before + [word]).joined(separator: " ")) ..."))
            }
        }
        if before.isEmpty { found.append(Completion("help", "shows the help of a command")) }
        return before.first == "help" ? names(after: Array(before.dropFirst()), commands) : found
    }

    private mutating func complete(_ before: ArraySlice<String>, of command: CommandShape) {
        var given: Set<String> = []
        var pending: CommandShape.Option?
        var onlyOperands = false
        for word in before {
            if let option = pending {
                take(word, for: option.name)
                pending = nil
            } else if onlyOperands || !word.hasPrefix("-") || word == "-" {
                operands.append(word)
            } else if word == "--" {
                onlyOperands = true
            } else if word.hasPrefix("--") {
                let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard let option = command.option(named: parts[0]) else { continue }
                given.insert(option.name)
                if parts.count == 2 {
                    take(String(parts[1]), for: option.name)
                } else if option.takesWord {
                    pending = option
                }
            } else {
                pending = shortOptions(word.dropFirst(), of: command, &given)
            }
        }
        if let option = pending {
            value(of: option)
        } else if !onlyOperands, typed.hasPrefix("--"), let equals = typed.firstIndex(of: "=") {
            guard let option = command.option(named: typed[..<equals].dropFirst(2)) else { return }
            move(through: equals)
            value(of: option)
        } else if !onlyOperands, typed.hasPrefix("-") {
            words = command.options.filter { $0.isRepeatable || !given.contains($0.name) }
                .map { Completion("--\($0.name)", $0.summary) }
        } else if let source = operands.count < command.operands.count
            ? command.operands[operands.count] : command.repeatsLast ? command.operands.last : nil
        {
            look(for: source)
        }
    }

    /// Reads short options in one word; the last of them may wait for the next word.
    private mutating func shortOptions(
        _ letters: Substring, of command: CommandShape, _ given: inout Set<String>
    ) -> CommandShape.Option? {
        var rest = letters
        while let letter = rest.popFirst() {
            guard let option = command.options.first(where: { $0.short == letter }) else { return nil }
            given.insert(option.name)
            guard option.takesWord else { continue }
            if rest.isEmpty { return option }
            take(String(rest.first == "=" ? rest.dropFirst() : rest), for: option.name)
            return nil
        }
        return nil
    }

    private mutating func value(of option: CommandShape.Option) {
        words = []
        if option.isRepeatable, let comma = typed.lastIndex(of: ",") { move(through: comma) }
        look(for: option.source)
    }

    private mutating func look(for wanted: ArgumentSource) {
        switch wanted {
        case .words(let choices): words += choices.map { Completion($0, "") }
        case .targets: lookForTarget()
        default: source = wanted
        }
    }

    /// `ec`, `ec orders`, `ec/orders eb/first`.
    private mutating func lookForTarget() {
        if let slash = typed.firstIndex(of: "/") {
            guard let kind = RegisteredKind.named(String(typed[..<slash])) else { return }
            move(through: slash)
            source = .records(kind.kind)
        } else if let first = operands.first, !first.contains("/") {
            guard let kind = RegisteredKind.named(first) else { return }
            source = .records(kind.kind)
        } else {
            if let comma = typed.lastIndex(of: ",") { move(through: comma) }
            source = .kinds
        }
    }

    /// Leaves what is before the next place of the word as it is.
    private mutating func move(through index: String.Index) {
        lead += typed[...index]
        typed = String(typed[typed.index(after: index)...])
    }

    private mutating func take(_ text: String, for name: String) {
        guard let option = ConnectionOptions.options.first(where: { $0.name == name }) else { return }
        // What is not understood here is told when the line is run.
        do { try option.assign(&connection, text) } catch { return }
    }
}

/// A word that can stand in a place, and what it means.
struct Completion: Sendable, Equatable {
    let word: String
    var meaning: String

    init(_ word: String, _ meaning: String) {
        self.word = word
        self.meaning = meaning
    }
}
