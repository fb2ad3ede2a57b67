/// Where the members of a JSON object are in its bytes, without parsing what they hold.
///
/// For documents that were written by us and are only passed on.
public enum JSONOutline {
    /// Whether bytes are one object whose strings and brackets are all closed; what is between them is not looked at.
    public static func isWhole(_ bytes: [UInt8]) -> Bool {
        guard bytes.first == UInt8(ascii: "{") else { return false }
        return bytes.withUnsafeBufferPointer { end(of: $0, from: 0) } == bytes.count
    }

    /// The place of a member's value in an object; nil if there is none of that name.
    public static func member(_ name: String, of bytes: [UInt8]) -> Range<Int>? {
        bytes.withUnsafeBufferPointer { all in
            var position = 1
            while position < all.count, all[position] == UInt8(ascii: "\"") {
                guard let nameEnd = end(of: all, from: position), nameEnd < all.count,
                    all[nameEnd] == UInt8(ascii: ":"), let valueEnd = end(of: all, from: nameEnd + 1)
                else { return nil }
                if all[position + 1..<nameEnd - 1].elementsEqual(name.utf8) { return nameEnd + 1..<valueEnd }
                position = valueEnd + 1
            }
            return nil
        }
    }

    /// The place behind the value that begins at a place; nil if it does not end.
    private static func end(of bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        var position = start
        var depth = 0
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
                    position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
                }
                guard position < bytes.count else { return nil }
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                // The end of what a number or word is in.
                if depth == 0 { return position }
                depth -= 1
            case UInt8(ascii: ",") where depth == 0: return position
            case 0: return nil
            default:
                position += 1
                continue
            }
            position += 1
            if depth == 0 { return position }
        }
        return depth == 0 ? position : nil
    }
}
