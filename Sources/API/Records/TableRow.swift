import Model

/// The cells of one row as JSON, but for the ages, which are put in when the row is told.
struct TableRow: Sendable {
    private enum Piece: Sendable {
        case text([UInt8])
        case age(Timestamp)
    }

    private let pieces: [Piece]
    /// Whether the row can be told again later.
    let isLasting: Bool

    /// Writes the cells of a record; nil for one that cannot be read as its kind.
    init(name: String, _ cells: [TableCell]?) {
        var pieces: [Piece] = []
        var text = Value.string(name).jsonBytes
        var isLasting = true
        for cell in cells ?? [] {
            text.append(UInt8(ascii: ","))
            switch cell {
            case .lasting(let value): text += value.jsonBytes
            case .passing(let value):
                text += value.jsonBytes
                isLasting = false
            case .age(nil): text += "null".utf8
            case .age(let moment?):
                pieces += [.text(text), .age(moment)]
                text = []
            }
        }
        if !text.isEmpty { pieces.append(.text(text)) }
        self.pieces = pieces
        self.isLasting = isLasting
    }

    /// Writes the cells as they are at a moment.
    func append(to bytes: inout [UInt8], at moment: Timestamp) {
        for piece in pieces {
            switch piece {
            case .text(let text): bytes += text
            case .age(let since):
                bytes.append(UInt8(ascii: "\""))
                bytes += (moment - since).ageText.utf8
                bytes.append(UInt8(ascii: "\""))
            }
        }
    }
}
