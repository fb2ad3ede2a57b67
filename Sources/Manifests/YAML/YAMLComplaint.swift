/// A problem libyaml found, said so that a person who writes manifests knows what to change.
struct YAMLComplaint {
    /// libyaml's own words.
    let problem: String
    /// What libyaml was reading.
    let context: String
    /// Where that began, from 1.
    let contextLine: Int
    /// The character it stumbled over.
    let character: Character?

    var sentence: String {
        switch problem {
        case "mapping values are not allowed in this context":
            return "a field is not allowed here; check the indentation, and put text that holds \": \" in quotes"
        case "did not find expected key":
            return "a field name is expected here; check the indentation of this line and the ones before"
        case "could not find expected ':'":
            return "a ':' is missing after the field name that begins in line \(contextLine)"
        case "did not find expected '-' indicator":
            return "a list element (\"- ...\") is expected here; check the indentation"
        case "block sequence entries are not allowed in this context":
            return "a list element (\"- ...\") is not allowed here; begin the list in a line of its own"
        case "found character that cannot start any token":
            return beginning
        case "found a tab character that violates indentation",
            "found a tab character where an indentation space is expected":
            return "a tab is used for indentation; YAML wants spaces"
        case "found unexpected end of stream":
            return "the quoted text that begins in line \(contextLine) is not closed"
        case "did not find expected ',' or ']'":
            return "the list that begins with '[' in line \(contextLine) goes on without ',' or ']'"
        case "did not find expected ',' or '}'":
            return "the object that begins with '{' in line \(contextLine) goes on without ',' or '}'"
        case "did not find expected <document start>":
            return "there is text after the end of the document; begin another document with a line \"---\""
        case "found unknown escape character":
            return "this escape does not exist in a text in double quotes; write \"\\\\\" for a backslash"
        default:
            return "this is not YAML: \(problem)\(context.isEmpty ? "" : " \(context) in line \(contextLine)")"
        }
    }

    private var beginning: String {
        switch character {
        case "\t": return "a tab is used for indentation; YAML wants spaces"
        case .some(let character): return "a text cannot begin with '\(character)'; put it in quotes"
        case nil: return "a value is expected here"
        }
    }

    /// What is wrong with bytes that are no text at all.
    static func aboutBytes(_ problem: String, value: Int) -> String {
        guard problem == "control characters are not allowed" else {
            return "the text is not valid UTF-8; save the file in that encoding"
        }
        let digits = String(value, radix: 16, uppercase: true)
        let code = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        return "the control character U+\(code) is not allowed; is this a text file?"
    }
}
