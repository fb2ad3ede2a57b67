import Model
import Store
import Transport

/// Takes the values of Secrets out of answers, whatever form the answer has: a record, a list, a table, a watch.
///
/// The last place before an answer goes out, so that no way of making one can forget it.
struct AnswerMask: Sendable {
    /// Whether the values of a Secret are hidden from who asked.
    let isMasked: @Sendable (RecordID) -> Bool

    /// The answer without values.
    func masked(_ response: HTTPServerResponse) -> HTTPServerResponse {
        var response = response
        switch response.body {
        case .bytes(let bytes):
            guard !bytes.isEmpty else { return response }
            response.body = .bytes(masked(line: bytes[...]) + [UInt8(ascii: "\n")])
        case .stream(var stream):
            let produce = stream.produce
            stream.produce = { writer in
                await produce(writer.transforming { masked(lines: $0) })
            }
            response.body = .stream(stream)
        }
        return response
    }

    /// Events of a watch, a line for each.
    private func masked(lines: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        for line in lines.split(separator: UInt8(ascii: "\n")) {
            result += masked(line: line) + [UInt8(ascii: "\n")]
        }
        return result
    }

    /// A document; what cannot be read is not passed on.
    private func masked(line: ArraySlice<UInt8>) -> [UInt8] {
        guard let document = try? Value(json: Array(line)) else { return [] }
        return masked(document).jsonBytes
    }

    private func masked(_ document: Value) -> Value {
        var result = document
        // A watch's event, and the row of a table.
        if let object = document["object"] {
            result["object"] = masked(object)
        }
        for field in ["items", "rows"] {
            if let elements = document[field]?.array {
                result[field] = .array(elements.map(masked))
            }
        }
        guard let name = document[path: "metadata", "name"]?.string else { return result }
        let namespace = document[path: "metadata", "namespace"]?.string ?? ""
        guard isMasked(RecordID(Secret.kind, namespace: namespace, name: name)) else { return result }
        return SecretMask.masked(result)
    }
}
