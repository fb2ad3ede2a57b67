import Model
import Transport

/// The controller's Kubernetes-style API as calls.
struct APIClient: Sendable {
    /// How answers are wanted.
    enum Form: String {
        /// Records as they are.
        case records = "application/json"
        /// Rows made by the server, with the columns it knows.
        case table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
    }

    /// A page of records with the revision it shows.
    struct List: Sendable {
        var items: [Value]
        var resourceVersion: String
    }

    private let http: HTTPClient
    private let prefix: String
    private let credentials: CredentialKeeper
    private let proof: ServerProof?
    private let timeout: Duration
    private let caller: String

    /// Creates a client; `prefix` is the part of the server's URL after the port, `proof` what the server must give
    /// before anything is asked of it, `caller` what says who we are, as messages name it.
    init(
        http: HTTPClient, prefix: String, credentials: CredentialKeeper, proof: ServerProof? = nil, timeout: Duration,
        caller: String = ""
    ) {
        self.caller = caller
        self.http = http
        self.prefix = prefix
        self.credentials = credentials
        self.proof = proof
        self.timeout = timeout
    }

    /// The server, as messages name it.
    var server: String { http.endpoint.url }

    // MARK: Reading

    /// One record, or the table with its row.
    func get(_ query: RecordQuery, as form: Form = .records) async throws -> Value {
        try await json("GET", query.path, accept: form)
    }

    /// One record; nil if there is none.
    func find(_ query: RecordQuery) async throws -> Value? {
        do {
            return try await get(query)
        } catch let error as APIError where error.isNotFound {
            return nil
        }
    }

    /// All records selected, page by page.
    func list(_ query: RecordQuery) async throws -> List {
        var list = List(items: [], resourceVersion: "")
        try await pages(query, as: .records) { page in
            list.items += page["items"]?.array ?? []
            list.resourceVersion = page[path: "metadata", "resourceVersion"]?.string ?? ""
        }
        return list
    }

    /// All records selected as one table.
    func table(_ query: RecordQuery) async throws -> RecordTable {
        var table = RecordTable(of: query.kind)
        try await pages(query, as: .table) { page in try table.append(page) }
        return table
    }

    private func pages(_ query: RecordQuery, as form: Form, _ take: (Value) throws -> Void) async throws {
        var mark: String?
        repeat {
            let parameters = query.selection + [("limit", "500")] + (mark.map { [("continue", $0)] } ?? [])
            let page = try await json("GET", query.collectionPath, parameters, accept: form)
            try take(page)
            mark = page[path: "metadata", "continue"]?.string
        } while mark?.isEmpty == false
    }

    // MARK: Writing

    /// Creates a record.
    func create(_ document: Value, _ query: RecordQuery, dryRun: Bool = false) async throws -> Value {
        try await json("POST", query.collectionPath, writing(dryRun), body: document)
    }

    /// Replaces a record; the document's `resourceVersion` must still be the newest.
    func replace(_ document: Value, _ query: RecordQuery, dryRun: Bool = false) async throws -> Value {
        try await json("PUT", query.path, writing(dryRun), body: document)
    }

    /// Reads a record, changes it and writes it back, and begins again where somebody else wrote meanwhile, as the
    /// controller does all the time.
    ///
    /// - Throws: `APIError`, and whatever `change` throws.
    func change<Record: Resource>(
        _ query: RecordQuery, dryRun: Bool = false, _ change: (inout Record) throws -> Void
    ) async throws -> Value {
        for _ in 0..<20 {
            var record = try Record(answer: try await get(query))
            try change(&record)
            do {
                return try await replace(record.document, query, dryRun: dryRun)
            } catch let error as APIError where error.isConflict {
                continue
            }
        }
        throw CommandFailure("\(query.path) changed again and again while it was to be changed; try again")
    }

    /// Changes some fields of a record by a merge patch (RFC 7396), whatever the others are by now.
    func patch(
        _ patch: Value, _ query: RecordQuery, as manager: String = "lodestone", dryRun: Bool = false
    ) async throws -> Value {
        try await json(
            "PATCH", query.path, writing(dryRun, as: manager), body: patch, type: "application/merge-patch+json")
    }

    /// Changes a record by operations (RFC 6902).
    func patch(operations: [Value], _ query: RecordQuery) async throws -> Value {
        try await json(
            "PATCH", query.path, writing(false), body: .array(operations), type: "application/json-patch+json")
    }

    /// Has the server make a record what a manager wants of it, and remember which fields are its own.
    func apply(
        _ document: Value, _ query: RecordQuery, as manager: String, force: Bool, dryRun: Bool
    ) async throws -> Value {
        try await json(
            "PATCH", query.path, writing(dryRun, as: manager) + [("force", String(force))], body: document,
            type: "application/apply-patch+yaml")
    }

    /// Asks for a record's removal; what remains of it if somebody must finish first, or a `Status`.
    ///
    /// With a `uid` only the record of this identity goes, and not another one that has taken its name.
    func delete(_ query: RecordQuery, dryRun: Bool = false, uid: String? = nil) async throws -> Value {
        let options = uid.map { uid -> Value in
            ["kind": "DeleteOptions", "apiVersion": "v1", "preconditions": ["uid": .string(uid)]]
        }
        return try await json("DELETE", query.path, dryRun ? [("dryRun", "All")] : [], body: options)
    }

    private func writing(_ dryRun: Bool, as manager: String = "lodestone") -> [(String, String)] {
        [("fieldManager", manager), ("fieldValidation", "Strict")] + (dryRun ? [("dryRun", "All")] : [])
    }

    /// The text of a path outside the records, such as `/readyz`.
    func text(_ path: String) async throws -> String {
        String(decoding: try await send("GET", path, [], accept: .records, body: nil), as: UTF8.self)
    }

    /// What is wrong with the controller's machine and belongs to no record.
    func findings() async throws -> [Finding] {
        let document = try await json("GET", "/findings")
        var decoding = Decoding()
        let findings = (document["findings"]?.array ?? []).compactMap { Finding.decode($0, &decoding) }
        guard decoding.problems.isEmpty else {
            throw APIError.unintelligible("the controller's findings are not what this executable knows")
        }
        return findings
    }

    // MARK: Requests

    private func json(
        _ method: String, _ path: String, _ parameters: [(String, String)] = [], accept: Form = .records,
        body: Value? = nil, type: String = "application/json"
    ) async throws -> Value {
        let bytes = try await send(method, path, parameters, accept: accept, body: body, type: type)
        do {
            return try Value(json: bytes)
        } catch {
            throw APIError.unintelligible("\(server) answered with something that is not JSON (\(error))")
        }
    }

    private func send(
        _ method: String, _ path: String, _ parameters: [(String, String)], accept: Form, body: Value?,
        type: String = "application/json"
    ) async throws -> [UInt8] {
        try await proveServer()
        var request = request(method, path, parameters, accept: accept)
        if let body {
            request.body = body.jsonBytes
            request.headers.append((name: "Content-Type", value: type))
        }
        return try await authorized { try await exchange(request.carrying($0)) }.body
    }

    /// Sends a request with what proves who we are, and once more where that had grown old.
    private func authorized<Result>(_ send: (String?) async throws -> Result) async throws -> Result {
        do {
            return try await send(try await credentials.authorization())
        } catch let error as APIError where error.status?.code == 401 {
            guard try await credentials.renewAfterRefusal() else { throw error }
            return try await send(try await credentials.authorization())
        }
    }

    /// Has a server that nobody named say that it is ours; it gets nothing from us that proves who we are before.
    private func proveServer() async throws {
        try await proof?.demand { try await exchange(request("GET", "/version", [], accept: .records)).body }
    }

    private func exchange(_ request: HTTPClientRequest) async throws -> HTTPClientResponse {
        let response: HTTPClientResponse
        do throws(HTTPClientError) {
            response = try await http.send(request)
        } catch {
            throw failure(error)
        }
        guard (200..<300).contains(response.status) else {
            throw refusal(response.status, response.body)
        }
        return response
    }

    private func request(
        _ method: String, _ path: String, _ parameters: [(String, String)], accept: Form
    ) -> HTTPClientRequest {
        let query = parameters.map { "\($0.0)=\(percentEncode($0.1))" }.joined(separator: "&")
        return HTTPClientRequest(
            method: method, path: prefix + path + (query.isEmpty ? "" : "?\(query)"),
            headers: [(name: "Accept", value: accept.rawValue)], timeout: timeout)
    }

    private func refusal(_ status: Int, _ body: [UInt8]) -> APIError {
        var refusal = APIStatus(code: status, body: body)
        if status == 401 { refusal.caller = caller }
        return .refused(refusal)
    }

    private func failure(_ error: HTTPClientError) -> any Error {
        switch error.kind {
        case .cancelled: CancellationError()
        case .deadlineExceeded, .unavailable:
            APIError.unreachable(
                "cannot reach the controller: \(error); is it running? Start it with \"lodestone controller\"")
        case .invalidRequest, .tooLong: APIError.unintelligible("\(error)")
        }
    }

    // MARK: Watching

    /// Watches a collection from a revision on; an empty one begins with all there is.
    ///
    /// The stream ends when the server closes it, which is no failure; whoever follows for longer watches again.
    func watch(
        _ query: RecordQuery, from resourceVersion: String, as form: Form = .records
    ) async throws -> WatchStream {
        let parameters =
            query.asCollection.selection + [
                ("watch", "true"), ("resourceVersion", resourceVersion.isEmpty ? "0" : resourceVersion),
                ("allowWatchBookmarks", "true"),
            ]
        try await proveServer()
        return try await authorized { authorization in
            let stream: HTTPClientStream
            do throws(HTTPClientError) {
                stream = try await http.stream(
                    request("GET", query.collectionPath, parameters, accept: form).carrying(authorization))
            } catch {
                throw failure(error)
            }
            guard stream.status == 200 else {
                var body: [UInt8] = []
                for try await chunk in stream { body += chunk }
                throw refusal(stream.status, body)
            }
            return WatchStream(stream)
        }
    }
}

extension HTTPClientRequest {
    /// The request with an `Authorization`, if there is one.
    fileprivate func carrying(_ authorization: String?) -> HTTPClientRequest {
        var request = self
        if let authorization { request.headers.append((name: "Authorization", value: authorization)) }
        return request
    }
}
