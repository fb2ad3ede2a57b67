/// Header lines of HTTP: taking them apart, and making them without letting a value add lines of its own.
enum HeaderLine {
    /// Hands out each line of a piece of a header, without its line end; the empty one that ends a header, too.
    static func forEach(in piece: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) {
        var rest = piece[...]
        repeat {
            let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
            var line = rest[..<end]
            while line.last == UInt8(ascii: "\r") { line = line.dropLast() }
            body(UnsafeRawBufferPointer(rebasing: line))
            rest = rest[min(end + 1, rest.endIndex)...]
        } while !rest.isEmpty
    }

    /// The name, in lower case.
    static func name(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
        String(decoding: bytes, as: UTF8.self).lowercased()
    }

    /// The value, without the blanks around it.
    static func value(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
        var bytes = bytes
        while let first = bytes.first, first == UInt8(ascii: " ") || first == UInt8(ascii: "\t") {
            bytes = bytes.dropFirst()
        }
        while let last = bytes.last, last == UInt8(ascii: " ") || last == UInt8(ascii: "\t") {
            bytes = bytes.dropLast()
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The line as libcurl takes it; `nil` if name or value has characters that would break the request.
    static func make(_ name: String, _ value: String) -> String? {
        guard !name.isEmpty, name.utf8.allSatisfy(isToken), value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
            return nil
        }
        // libcurl takes "name:" as a request to leave the header out and "name;" as an empty one.
        return value.isEmpty ? "\(name);" : "\(name): \(value)"
    }

    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
