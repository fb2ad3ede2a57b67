import Transport

/// What a client is to be told though its request was served, as headers that `kubectl` prints (RFC 7234, 5.5; code 299
/// is "miscellaneous").
enum WarningHeaders {
    /// What all of them may take in bytes: headers share a connection's memory with everything else of it.
    private static let limit = 1_024
    /// What one may take.
    private static let lengthLimit = 256

    /// The headers; where there are too many, the last one says how many are left out.
    static func headers(_ warnings: [String]) -> [HTTPServerField] {
        var headers: [HTTPServerField] = []
        var room = limit
        for (index, warning) in warnings.enumerated() {
            let text = quoted(warning)
            // The name of the header, its code and its end come to it.
            let size = text.utf8.count + 20
            guard size <= room else {
                headers.append(header("and \(warnings.count - index) more"))
                break
            }
            room -= size
            headers.append(header(text))
        }
        return headers
    }

    private static func header(_ text: String) -> HTTPServerField {
        HTTPServerField("Warning", "299 - \"\(text)\"")
    }

    private static func quoted(_ warning: String) -> String {
        var text = ""
        for character in warning.utf8.count <= lengthLimit ? warning[...] : warning.prefix(lengthLimit / 4) + "…" {
            if character == "\"" || character == "\\" {
                text.append("\\")
            }
            text.append(character)
        }
        return text
    }
}
