public import Model

/// Why a request was refused, in the form Kubernetes clients understand (`meta/v1 Status`).
public struct APIStatus: Error, Sendable, Equatable, CustomStringConvertible {
    /// The reasons, as Kubernetes names them; clients decide by these, not by the message.
    public enum Reason: String, Sendable {
        /// The request makes no sense.
        case badRequest = "BadRequest"
        /// Nobody known makes the request.
        case unauthorized = "Unauthorized"
        /// Who makes the request may not.
        case forbidden = "Forbidden"
        /// There is no such record, or no such path.
        case notFound = "NotFound"
        /// The path does not take this method.
        case methodNotAllowed = "MethodNotAllowed"
        /// There is such a record already.
        case alreadyExists = "AlreadyExists"
        /// The record is not in the state the request assumes.
        case conflict = "Conflict"
        /// The history asked for is not kept any more.
        case expired = "Expired"
        /// The request asks for more than the server holds or works through at once.
        case requestEntityTooLarge = "RequestEntityTooLarge"
        /// The body is in no form the server reads.
        case unsupportedMediaType = "UnsupportedMediaType"
        /// The record is not valid.
        case invalid = "Invalid"
        /// More is asked than may be asked.
        case tooManyRequests = "TooManyRequests"
        /// The server failed.
        case internalError = "InternalError"
        /// The server cannot answer now.
        case serviceUnavailable = "ServiceUnavailable"
        /// What was waited for did not happen in time.
        case timeout = "Timeout"

        /// The HTTP status code that goes with the reason.
        public var code: Int {
            switch self {
            case .badRequest: 400
            case .unauthorized: 401
            case .forbidden: 403
            case .notFound: 404
            case .methodNotAllowed: 405
            case .alreadyExists, .conflict: 409
            case .expired: 410
            case .requestEntityTooLarge: 413
            case .unsupportedMediaType: 415
            case .invalid: 422
            case .tooManyRequests: 429
            case .internalError: 500
            case .serviceUnavailable: 503
            case .timeout: 504
            }
        }
    }

    /// What the refusal is about.
    public struct Details: Sendable, Equatable {
        /// The record's name.
        public var name = ""
        /// The API group; empty for the core kinds.
        public var group = ""
        /// The kind's plural, or for invalid records the kind itself, as Kubernetes has it.
        public var kind = ""
        /// What is wrong with which fields.
        public var causes: [FieldProblem] = []
        /// Who else owns which fields that were to be changed.
        package var conflicts: [FieldConflict] = []
        /// After how many seconds to try again.
        public var retryAfterSeconds: Int?
    }

    /// Why.
    public let reason: Reason
    /// Why, in a sentence for people.
    public let message: String
    /// What it is about.
    public let details: Details?
    /// Where a list that was refused may go on all the same.
    var continuation: String?

    /// Creates a refusal.
    ///
    /// - Parameters:
    ///   - reason: Why.
    ///   - message: Why, in a sentence.
    ///   - details: What it is about.
    public init(_ reason: Reason, _ message: String, details: Details? = nil) {
        self.reason = reason
        self.message = message
        self.details = details
    }

    /// The message.
    public var description: String { message }

    /// The refusal as a document.
    public var document: Value {
        var members: Value.Members = [
            "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure", "message": .string(message),
            "reason": .string(reason.rawValue),
        ]
        if let continuation {
            members["metadata"] = ["continue": .string(continuation)]
        }
        if let details {
            members["details"] = details.document
        }
        members["code"] = .integer(Int64(reason.code))
        return .object(members)
    }

    /// The refusal of a request that was not even read, by its HTTP status code.
    init(status: Int, _ message: String) {
        let reason: Reason =
            switch status {
            case 413: .requestEntityTooLarge
            case 503: .serviceUnavailable
            case 500: .internalError
            default: .badRequest
            }
        self.init(reason, message)
    }

    /// There is nothing at the request's path.
    static let unknownPath = APIStatus(.notFound, "the server could not find the requested resource")

    /// The request's path does not take its method.
    static let methodNotAllowed = APIStatus(
        .methodNotAllowed, "the server does not allow this method on the requested resource")
}

extension APIStatus.Details {
    /// The record a refusal is about, named by its plural.
    init(_ kind: Kind, name: String) {
        self.init(name: name, group: kind.group, kind: kind.plural)
    }

    var document: Value {
        var members = Value.Members()
        for (key, value) in [("name", name), ("group", group), ("kind", kind)] where !value.isEmpty {
            members[key] = .string(value)
        }
        let all = causes.map { ($0.reason.rawValue, $0.message, $0.path.description) } + conflicts.flatMap(\.causes)
        if !all.isEmpty {
            members["causes"] = .array(
                all.map { reason, message, field in
                    ["reason": .string(reason), "message": .string(message), "field": .string(field)]
                })
        }
        if let retryAfterSeconds {
            members["retryAfterSeconds"] = .integer(Int64(retryAfterSeconds))
        }
        return .object(members)
    }
}
