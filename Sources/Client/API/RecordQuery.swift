import Model

/// Which records a request is about, and the path that says so.
struct RecordQuery: Sendable, Hashable {
    /// The kind.
    var kind: Kind
    /// The namespace; nil for all, or for kinds without one.
    var namespace: String?
    /// The name; nil for all.
    var name: String?
    /// Kubernetes' label selector, such as `team=a`.
    var labelSelector: String?
    /// Kubernetes' field selector, such as `involvedObject.name=orders`.
    var fieldSelector: String?

    init(_ kind: Kind, namespace: String?, name: String? = nil) {
        self.kind = kind
        self.namespace = kind.isNamespaced ? namespace : nil
        self.name = name
    }

    /// The path of the one record, or of the collection.
    var path: String { name.map { "\(collectionPath)/\(percentEncode($0))" } ?? collectionPath }

    /// The path of all records of the kind in the namespace.
    var collectionPath: String {
        let group = kind.group.isEmpty ? "/api/\(kind.version)" : "/apis/\(kind.group)/\(kind.version)"
        return group + (namespace.map { "/namespaces/\(percentEncode($0))" } ?? "") + "/\(kind.plural)"
    }

    /// The parameters that select.
    var selection: [(String, String)] {
        var parameters: [(String, String)] = []
        if let labelSelector { parameters.append(("labelSelector", labelSelector)) }
        if let fieldSelector { parameters.append(("fieldSelector", fieldSelector)) }
        return parameters
    }

    /// The collection with only the named record selected: what is watched to follow one record.
    var asCollection: RecordQuery {
        guard let name else { return self }
        var query = self
        query.name = nil
        query.fieldSelector = "metadata.name=\(name)"
        return query
    }
}

/// A text as part of a URL (RFC 3986, unreserved characters kept).
func percentEncode(_ text: String) -> String {
    var encoded = ""
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            encoded.unicodeScalars.append(Unicode.Scalar(byte))
        default:
            let digits = String(byte, radix: 16, uppercase: true)
            encoded += "%" + (digits.count < 2 ? "0" : "") + digits
        }
    }
    return encoded
}
