import Model
import Store
import Transport

/// Which part of what state a list asks for: `limit`, `continue`, `resourceVersion` and `resourceVersionMatch`, by the
/// rules of Kubernetes (apimachinery's `ValidateListOptions`, the storage's `GetList`).
struct ListParameters {
    /// How the state of a list may relate to the version asked for.
    enum Match: String {
        /// The very version.
        case exact = "Exact"
        /// That version or a newer one.
        case notOlderThan = "NotOlderThan"
    }

    /// How many records at most; nil for all.
    let limit: Int?
    /// Where the list goes on.
    let continuation: ContinueToken?
    /// The version the list must be of; nil for the newest.
    let revision: Int64?

    /// Reads the query of a list.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - newest: The newest version there is.
    /// - Throws: a refusal for what makes no sense, alone or together, and for versions that do not exist yet.
    init(_ request: HTTPServerRequest, newest: Int64) throws(APIStatus) {
        limit = try Self.limit(request)
        let given = try request.resourceVersion()
        let match = try Self.match(request)
        if let token = request.query("continue"), !token.isEmpty {
            guard request.query("resourceVersionMatch")?.isEmpty ?? true else {
                throw .badListOption(
                    "resourceVersionMatch", .forbidden, "resourceVersionMatch is forbidden when continue is provided")
            }
            guard given == nil else {
                throw APIStatus(.badRequest, "specifying resource version is not allowed when using continue")
            }
            guard let known = ContinueToken(token) else {
                throw APIStatus(.badRequest, "continue key is not valid: \"\(token)\" is no token this server gave out")
            }
            (continuation, revision) = (known, nil)
            return
        }
        continuation = nil
        guard let given else {
            revision = nil
            return
        }
        guard given <= newest else {
            // Reflectors know this by its words, and list again without a version.
            // Kubernetes says 504, as one of its servers may be behind another; here nothing is to be waited for.
            throw APIStatus(
                .expired,
                "resourceVersion \(given) is newer than all there is (\(newest)): the store is another one; list again "
                    + "without it")
        }
        // A first page of a version means that version, as before there was resourceVersionMatch.
        revision = match == .exact || match == nil && limit != nil ? given : nil
    }

    private static func limit(_ request: HTTPServerRequest) throws(APIStatus) -> Int? {
        guard let text = request.query("limit"), !text.isEmpty else { return nil }
        guard let limit = Int(text), limit >= 0 else {
            throw APIStatus(.badRequest, "limit must be a number of records, not \"\(text)\"")
        }
        return limit == 0 ? nil : limit
    }

    private static func match(_ request: HTTPServerRequest) throws(APIStatus) -> Match? {
        guard request.query("sendInitialEvents") == nil else {
            throw .badListOption("sendInitialEvents", .forbidden, "sendInitialEvents is forbidden for list")
        }
        guard let text = request.query("resourceVersionMatch"), !text.isEmpty else { return nil }
        let version = request.query("resourceVersion") ?? ""
        guard !version.isEmpty else {
            throw .badListOption(
                "resourceVersionMatch", .forbidden,
                "resourceVersionMatch is forbidden unless resourceVersion is provided")
        }
        guard let match = Match(rawValue: text) else {
            throw .badListOption(
                "resourceVersionMatch", .unsupported,
                "Unsupported value: \"\(text)\": supported values: \"Exact\", \"NotOlderThan\"")
        }
        guard match != .exact || version != "0" else {
            throw .badListOption(
                "resourceVersionMatch", .forbidden,
                "resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"")
        }
        return match
    }
}

extension APIStatus {
    /// An option of a list or watch that cannot be used, as Kubernetes refuses it.
    static func badListOption(
        _ option: FieldPath, _ reason: FieldProblem.Reason, _ problem: String
    ) -> APIStatus {
        let message = reason == .forbidden ? "Forbidden: \(problem)" : problem
        return APIStatus(
            .invalid, "ListOptions.meta.k8s.io \"\" is invalid: \(option): \(message)",
            details: Details(
                group: "meta.k8s.io", kind: "ListOptions", causes: [FieldProblem(option, reason, message)]))
    }

    /// A list cannot be told as it was at its revision any more.
    ///
    /// - Parameter continuation: Where the client may go on in the present state; nil for a list's beginning.
    /// - Returns: The refusal.
    static func expiredList(at continuation: ContinueToken?) -> APIStatus {
        guard let continuation else {
            return APIStatus(.expired, "The resourceVersion for the provided list is too old.")
        }
        var status = APIStatus(
            .expired,
            "The provided continue parameter is too old to display a consistent list result. You can start a new list "
                + "without the continue parameter, or use the continue token in this response to retrieve the remainder "
                + "of the results. Continuing with the provided token results in an inconsistent list - objects that "
                + "were created, modified, or deleted between the time the first chunk was returned and now may show up "
                + "in the list.")
        status.continuation = continuation.inconsistent.text
        return status
    }
}
