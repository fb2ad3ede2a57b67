import Model
import Transport

/// A request to etcd's v2 store that did not succeed.
public struct LegacyError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong, as far as a program can act on it.
    public enum Code: Sendable, Hashable {
        /// There is no such node (etcd's 100).
        case keyNotFound
        /// Events from the index that was asked for are gone: the store keeps the last 1,000 (etcd's 401).
        case indexCleared
        /// The user may not do this, or name and password are wrong (etcd's 110).
        case unauthorized
        /// The member does not serve the v2 store: it runs without `--enable-v2`, or its release has none.
        case disabled
        /// The member cannot serve now, for want of a leader (etcd's 300 and 301).
        case noLeader
        /// No answer came in time.
        case timeout
        /// The member could not be reached.
        case unavailable
        /// The caller gave up.
        case cancelled
        /// The answer is longer than what is accepted.
        case tooLong
        /// The answer is not what the protocol says.
        case malformedResponse
        /// Another error of etcd, by its number.
        case other(Int)
    }

    /// What went wrong.
    public let code: Code
    /// What etcd said, or a sentence about what happened on the way to it.
    public let message: String
    /// The URL of the member that was asked.
    public let endpoint: String

    /// Makes an error.
    public init(_ code: Code, _ message: String, endpoint: String) {
        self.code = code
        self.message = message
        self.endpoint = endpoint
    }

    /// Whether the same question may get an answer later, or from another member.
    public var isTransient: Bool {
        switch code {
        case .noLeader, .timeout, .unavailable: true
        default: false
        }
    }

    /// The endpoint and what happened.
    public var description: String { "etcd v2 at \(endpoint): \(message)" }
}

extension LegacyError {
    /// Takes what a request ended with.
    init(_ error: HTTPClientError) {
        let code: Code =
            switch error.kind {
            case .cancelled: .cancelled
            case .deadlineExceeded: .timeout
            case .invalidRequest: .malformedResponse
            case .tooLong: .tooLong
            case .unavailable: .unavailable
            }
        self.init(code, error.message, endpoint: error.endpoint)
    }

    /// Reads an answer whose status says that the request failed.
    init(status: Int, body: [UInt8], endpoint: String) {
        let document = try? Value(json: body)
        guard let number = document?["errorCode"]?.integer else {
            // Without --enable-v2 the path does not exist, and Go's own words come instead of a JSON document.
            switch status {
            case 404:
                self.init(.disabled, "the member does not serve the v2 store", endpoint: endpoint)
            case 401:
                self.init(.unauthorized, "user name or password is wrong", endpoint: endpoint)
            default:
                self.init(
                    status >= 500 ? .unavailable : .malformedResponse, "the answer has the status \(status)",
                    endpoint: endpoint)
            }
            return
        }
        let code: Code =
            switch number {
            case 100: .keyNotFound
            case 110: .unauthorized
            case 300, 301: .noLeader
            case 401: .indexCleared
            default: .other(Int(number))
            }
        let words = [document?["message"]?.string, document?["cause"]?.string].compactMap { $0 }
        self.init(code, words.filter { !$0.isEmpty }.joined(separator: ": "), endpoint: endpoint)
    }
}
