public import Model
public import Transport

/// Writes to the v2 store of a member that runs with `--enable-v2`, as programs of that time did.
public struct LegacyStore: Sendable {
    /// The flag that members need.
    public static let arguments = ["--enable-v2"]

    private let client: HTTPClient
    private let authorization: [(name: String, value: String)]

    /// Names the member.
    public init(engine: HTTPEngine, url: String, user: (name: String, password: String)? = nil) throws {
        client = HTTPClient(engine: engine, endpoint: try Endpoint(url: url))
        authorization =
            user.map { user in
                [("Authorization", "Basic \(Base64.encode([UInt8]("\(user.name):\(user.password)".utf8)))")]
            } ?? []
    }

    /// Writes a key; `more` are further parameters such as `("ttl", "5")`.
    @discardableResult
    public func put(_ path: String, _ value: String, _ more: (String, String)...) async throws -> Value {
        try await send("PUT", path, [("value", value)] + more)
    }

    /// Writes a key whose value is any bytes.
    public func put(_ path: String, bytes: [UInt8]) async throws {
        try await send("PUT", path, body: "value=" + Self.escaped(bytes))
    }

    /// Writes without a value: a directory, or a renewed time to live.
    @discardableResult
    public func touch(_ path: String, _ parameters: (String, String)...) async throws -> Value {
        try await send("PUT", path, parameters)
    }

    /// Adds an in-order key and returns its path.
    public func post(_ path: String, _ value: String) async throws -> String {
        try await send("POST", path, [("value", value)])[path: "node", "key"]?.string ?? ""
    }

    /// Deletes a key, or with `query` such as `recursive=true` a directory.
    @discardableResult
    public func delete(_ path: String, _ query: String = "") async throws -> Value {
        try await send("DELETE", path + (query.isEmpty ? "" : "?" + query), body: nil)
    }

    /// Adds the user `root` with a password and turns authentication of the v2 store on.
    public func enableAuthentication(password: String) async throws {
        let user = Value.object(["user": "root", "password": .string(password)])
        for (path, body) in [("users/root", user.json), ("enable", "")] {
            let response = try await client.send(
                HTTPClientRequest(
                    method: "PUT", path: "/v2/auth/\(path)", headers: [("Content-Type", "application/json")],
                    body: [UInt8](body.utf8)))
            guard response.status < 300 else { throw TestSupportError("\(path): \(response.status) \(response.text)") }
        }
    }

    private func send(_ method: String, _ path: String, _ form: [(String, String)]) async throws -> Value {
        let body = form.map { "\($0.0)=\(Self.escaped([UInt8]($0.1.utf8)))" }.joined(separator: "&")
        return try await send(method, path, body: body)
    }

    @discardableResult
    private func send(_ method: String, _ path: String, body: String?) async throws -> Value {
        let response = try await client.send(
            HTTPClientRequest(
                method: method, path: "/v2/keys" + path,
                headers: authorization + [("Content-Type", "application/x-www-form-urlencoded")],
                body: body.map { [UInt8]($0.utf8) }))
        guard response.status < 300 else {
            throw TestSupportError("\(method) \(path): \(response.status) \(response.text)")
        }
        return try Value(json: response.body)
    }

    private static func escaped(_ bytes: [UInt8]) -> String {
        bytes.reduce(into: "") { text, byte in
            let digits = String(byte, radix: 16)
            text += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
        }
    }
}
