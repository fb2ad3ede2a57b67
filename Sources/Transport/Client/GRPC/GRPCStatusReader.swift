/// Collects the status of a gRPC answer from its header and trailer lines.
struct GRPCStatusReader {
    /// The status; `nil` as long as none came.
    private(set) var code: GRPCCode?
    /// The server's message, decoded.
    private(set) var message = ""
    /// The kind of content; anything but gRPC means that something else answers there.
    private(set) var contentType = ""

    /// Whether the body of the answer can be one of gRPC.
    var isGRPC: Bool { contentType.hasPrefix("application/grpc") }

    /// Takes one line, whatever it is.
    mutating func read(_ line: UnsafeRawBufferPointer) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
            return
        }
        switch HeaderLine.name(line[..<colon]) {
        case "grpc-status":
            // A number that is not known must count as UNKNOWN ("Status codes and their use in gRPC").
            code = Int(HeaderLine.value(line[(colon + 1)...])).flatMap(GRPCCode.init(rawValue:)) ?? .unknown
        case "grpc-message":
            message = Self.percentDecoded(HeaderLine.value(line[(colon + 1)...]))
        case "content-type":
            contentType = HeaderLine.value(line[(colon + 1)...])
        default:
            break
        }
    }

    /// Undoes the percent-encoding of `grpc-message`.
    ///
    /// What is not a valid escape stays as it is.
    static func percentDecoded(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else {
            return text
        }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2, let high = PercentEncoding.digit(rest[rest.startIndex]),
                let low = PercentEncoding.digit(rest[rest.startIndex + 1])
            {
                bytes.append(high << 4 | low)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
