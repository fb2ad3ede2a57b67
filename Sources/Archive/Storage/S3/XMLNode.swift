/// An element of an XML document as object storages answer with: its name, its text and its children.
struct XMLNode: Equatable {
    /// The name without a namespace prefix.
    var name: String
    /// All text directly inside, without the blanks around it.
    var text = ""
    /// The elements inside, in order.
    var children: [XMLNode] = []

    /// The text of the first child of a name; nil without one.
    subscript(name: String) -> String? { child(name)?.text }

    /// The first child of a name.
    func child(_ name: String) -> XMLNode? { children.first { $0.name == name } }

    /// All children of a name.
    func all(_ name: String) -> [XMLNode] { children.filter { $0.name == name } }

    /// A text as it may stand between tags.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
