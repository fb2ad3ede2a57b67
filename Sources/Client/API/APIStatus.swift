import Manifests
import Model

/// A refusal in the words of a Kubernetes-style server: its `Status` object.
struct APIStatus: Sendable, Equatable {
    /// One field the server refuses.
    struct Cause: Sendable, Equatable {
        /// The field, as the server writes it.
        let field: String
        /// What is wrong with it.
        let message: String
    }

    /// The HTTP status.
    let code: Int
    /// The reason, in one word for programs, such as `NotFound`.
    let reason: String
    /// The sentence.
    let message: String
    /// The fields refused.
    let causes: [Cause]
    /// By which context of which file we have said who we are, where the server does not know us.
    var caller = ""

    init(code: Int, reason: String = "", message: String, causes: [Cause] = []) {
        self.code = code
        self.reason = reason
        self.message = message
        self.causes = causes
    }

    /// Reads the body of an answer; whatever it is, there is a sentence to show.
    init(code: Int, body: [UInt8]) {
        guard let value = try? Value(json: body), value["kind"] == "Status" else {
            let text = String(decoding: body.prefix(300), as: UTF8.self).trimmed
            self.init(code: code, message: text.isEmpty ? "the server answered \(code) without a reason" : text)
            return
        }
        self.init(status: value, code: code)
    }

    /// Reads a `Status` object.
    init(status value: Value, code: Int? = nil) {
        let causes = value[path: "details", "causes"]?.array ?? []
        self.init(
            code: code ?? Int(value["code"]?.integer ?? 0), reason: value["reason"]?.string ?? "",
            message: value["message"]?.string ?? "the server gave no reason",
            causes: causes.map { Cause(field: $0["field"]?.string ?? "", message: $0["message"]?.string ?? "") })
    }
}

extension FieldPath {
    /// Reads a path as servers write it: `spec.endpoints[0]`, `metadata.labels[a.b/c]`.
    init(parsing text: String) {
        var steps: [Step] = []
        var rest = text[...]
        while !rest.isEmpty {
            if rest.first == "[" {
                let inside = rest.dropFirst().prefix { $0 != "]" }
                rest = rest.dropFirst(inside.count + 2)
                steps.append(Int(inside).map { .element($0) } ?? .member(String(inside)))
            } else if rest.first == "." {
                rest = rest.dropFirst()
            } else {
                let name = rest.prefix { $0 != "." && $0 != "[" }
                rest = rest.dropFirst(name.count)
                steps.append(.member(String(name)))
            }
        }
        self.init(steps)
    }
}

extension Manifest {
    /// The server's refusal of this record, each field at its line.
    func problems(_ status: APIStatus) -> [ManifestProblem] {
        guard !status.causes.isEmpty else { return [problem(at: FieldPath(), status.message)] }
        return status.causes.map { problem(at: FieldPath(parsing: $0.field), $0.message) }
    }
}
