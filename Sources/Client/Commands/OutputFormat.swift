import Manifests
import Model

/// How records are shown.
enum OutputFormat: String, OptionValue, CaseIterable {
    /// A line for each, for people.
    case table
    /// A longer line for each.
    case wide
    /// The records as JSON.
    case json
    /// The records as YAML.
    case yaml
    /// `kind/name`, a line for each.
    case name

    /// Whether the records are shown whole.
    var isDocument: Bool { self == .json || self == .yaml }

    /// A document in this format, which is JSON or YAML.
    func text(of document: Value) -> String {
        self == .yaml ? document.yaml : document.prettyJSON + "\n"
    }
}

extension Value {
    /// Records as one document, as kubectl puts them: `kind: List`.
    static func list(of records: [Value]) -> Value {
        ["apiVersion": "v1", "kind": "List", "metadata": [:], "items": .array(records)]
    }

    /// `etcdcluster/orders`, as commands take it.
    var reference: String {
        "\(self["kind"]?.string?.lowercased() ?? "")/\(self[path: "metadata", "name"]?.string ?? "")"
    }
}
