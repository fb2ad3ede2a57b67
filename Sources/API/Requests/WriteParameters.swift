import Transport

/// How a write is to be taken.
struct WriteParameters {
    /// The longest name of a field manager in bytes, as in Kubernetes.
    private static let managerLimit = 128

    /// Whether to say what would happen and change nothing.
    let isDryRun: Bool
    /// What happens to fields the kind does not know.
    let validation: FieldValidation
    /// The name under which the client owns the fields it writes: the one it gives, or that of its program.
    let manager: String
    /// Whether the client gave that name itself.
    let namesManager: Bool
    /// Whether fields are taken over from their owners; for apply only.
    let isForced: Bool

    /// Reads the parameters of a request.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - fallback: What holds where the client does not choose.
    /// - Throws: a refusal for values that make no sense.
    init(_ request: HTTPServerRequest, validation fallback: FieldValidation) throws(APIStatus) {
        isDryRun = try Self.isDryRun(request.query.filter { $0.name == "dryRun" }.map(\.value))
        isForced = request.isOn("force")
        let given = request.query("fieldManager") ?? ""
        guard given.utf8.count <= Self.managerLimit, given.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw APIStatus(
                .badRequest, "fieldManager must be at most \(Self.managerLimit) bytes long, all of them printable")
        }
        namesManager = !given.isEmpty
        manager = given.isEmpty ? Self.program(request) : given
        guard let text = request.query("fieldValidation"), !text.isEmpty else {
            validation = fallback
            return
        }
        guard let known = FieldValidation(rawValue: text) else {
            throw APIStatus(.badRequest, "fieldValidation must be Ignore, Warn or Strict, not \"\(text)\"")
        }
        validation = known
    }

    /// The first part of what the client calls itself, such as `kubectl` of `kubectl/v1.32.5 (linux/amd64)`.
    private static func program(_ request: HTTPServerRequest) -> String {
        let name = (request.header("user-agent") ?? "").utf8.prefix { $0 != UInt8(ascii: "/") }
        let printable = name.filter { (0x20..<0x7F).contains($0) }.prefix(managerLimit)
        return printable.isEmpty ? "unknown" : String(decoding: printable, as: UTF8.self)
    }

    /// Whether a list of dry-run stages asks for a dry run.
    static func isDryRun(_ stages: [String]) throws(APIStatus) -> Bool {
        for stage in stages where stage != "All" && !stage.isEmpty {
            throw APIStatus(.badRequest, "dryRun must be \"All\", not \"\(stage)\"")
        }
        return stages.contains("All")
    }
}
