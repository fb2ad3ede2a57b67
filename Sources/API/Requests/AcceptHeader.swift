import Transport

/// The media types a client takes, best first, with their parameters.
///
/// Quality values are not weighed: Kubernetes clients list what they want in order.
struct AcceptHeader {
    /// One media type.
    struct MediaType {
        let type: String
        let parameters: [String: String]
    }

    /// The types in the client's order.
    let types: [MediaType]

    init(_ request: HTTPServerRequest) {
        types = request.headers("accept").flatMap { $0.split(separator: ",") }.map { Self.mediaType($0) }
    }

    /// Whether the client would have records as a table, as `kubectl get` does.
    var wantsTable: Bool {
        types.contains { $0.type == "application/json" && $0.parameters["as"] == "Table" }
    }

    /// The version of aggregated discovery the client would have; nil for the old form.
    var discoveryVersion: String? {
        types.first { type in
            type.parameters["as"] == "APIGroupDiscoveryList" && type.parameters["g"] == "apidiscovery.k8s.io"
                && ["v2", "v2beta1"].contains(type.parameters["v"])
        }?.parameters["v"]
    }

    /// Reads one media type, such as `application/json;as=Table;v=v1`.
    static func mediaType(_ text: some StringProtocol) -> MediaType {
        let parts = text.split(separator: ";").map { trimmed($0) }
        var parameters: [String: String] = [:]
        for part in parts.dropFirst() {
            guard let equals = part.firstIndex(of: "=") else { continue }
            parameters[part[..<equals].lowercased()] = String(part[part.index(after: equals)...])
        }
        return MediaType(type: parts.first?.lowercased() ?? "", parameters: parameters)
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
