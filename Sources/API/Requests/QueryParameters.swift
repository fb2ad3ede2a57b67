import Model
import Store
import Transport

/// Queries as Kubernetes reads them.
extension HTTPServerRequest {
    /// Whether a switch is on: absent, `false` and `0` are off, anything else, also nothing at all, is on
    /// (apimachinery's `Convert_Slice_string_To_bool`).
    func isOn(_ name: String) -> Bool {
        guard let value = query(name) else { return false }
        return value != "0" && value.lowercased() != "false"
    }

    /// A number of seconds; nil if absent.
    ///
    /// - Throws: a refusal for what is no such number.
    func seconds(_ name: String) throws(APIStatus) -> Duration? {
        guard let text = query(name), !text.isEmpty else { return nil }
        guard let seconds = Int64(text), (0...31_536_000).contains(seconds) else {
            throw APIStatus(.badRequest, "\(name) must be a number of seconds, not \"\(text)\"")
        }
        return .seconds(seconds)
    }

    /// A resource version; nil if absent, empty or 0, which all mean "any".
    ///
    /// - Throws: a refusal for what the server cannot have given out.
    func resourceVersion() throws(APIStatus) -> Int64? {
        guard let text = query("resourceVersion"), !text.isEmpty else { return nil }
        guard let revision = Int64(text), revision >= 0 else {
            throw APIStatus(.badRequest, "resourceVersion: Invalid value: \"\(text)\": must be one the server gave out")
        }
        return revision == 0 ? nil : revision
    }
}

extension RecordQuery {
    /// The records a list or watch asks for.
    ///
    /// - Throws: a refusal for selectors that cannot be read, and for fields the kind cannot be selected by.
    init(_ request: HTTPServerRequest, _ target: RecordTarget) throws(APIStatus) {
        let kind = target.kind.kind
        self.init(kind, namespace: target.namespace, name: target.name)
        do {
            labels = try LabelSelector(request.query("labelSelector") ?? "")
            fields = try FieldSelector(request.query("fieldSelector") ?? "")
        } catch {
            throw APIStatus(.badRequest, "\(error)")
        }
        for requirement in fields.requirements where !Self.selectable(kind).contains(requirement.field) {
            throw APIStatus(.badRequest, "field label not supported: \(requirement.field)")
        }
        // By its name a record is found without looking into all of them.
        if let name = fields.requirements.first(where: { $0.field == "metadata.name" && !$0.isNegated }),
            self.name == nil
        {
            self.name = name.value
        }
    }

    /// The fields records of a kind can be selected by, as in Kubernetes.
    private static func selectable(_ kind: Kind) -> Set<String> {
        let own: Set<String> =
            switch kind {
            case Event.kind:
                [
                    "involvedObject.kind", "involvedObject.name", "involvedObject.namespace", "involvedObject.uid",
                    "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason",
                    "type", "reportingComponent", "source.component",
                ]
            case Secret.kind: ["type"]
            case Namespace.kind: ["status.phase"]
            default: []
            }
        return own.union(["metadata.name", "metadata.namespace"])
    }
}
