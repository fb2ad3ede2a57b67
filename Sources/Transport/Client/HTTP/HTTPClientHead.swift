/// Status and header fields of an HTTP answer.
public struct HTTPClientHead: Sendable {
    /// The status, from 200 on.
    public internal(set) var status: Int
    /// The fields in the order they came.
    public internal(set) var headers: [(name: String, value: String)]

    /// The first value of a field, whatever the case of its name.
    public func header(_ name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name.lowercased() == wanted }?.value
    }
}

/// Collects the head of an answer line by line.
struct HTTPHeadReader {
    private(set) var head = HTTPClientHead(status: 0, headers: [])

    /// Takes one line; `true` if the head is complete with it.
    mutating func read(_ line: UnsafeRawBufferPointer) -> Bool {
        if line.isEmpty {
            // 100 and the like only announce the answer.
            return head.status >= 200
        }
        let text = String(decoding: line, as: UTF8.self)
        if text.hasPrefix("HTTP/") {
            head = HTTPClientHead(status: Int(text.split(separator: " ").dropFirst().first ?? "") ?? 0, headers: [])
        } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
            let name = String(decoding: line[..<colon], as: UTF8.self)
            head.headers.append((name, HeaderLine.value(line[(colon + 1)...])))
        }
        return false
    }
}
