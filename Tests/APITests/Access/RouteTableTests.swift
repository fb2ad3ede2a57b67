import API
import Crypto
import Model
import TestSupport
import Testing
import Transport

/// Every route with every role: nothing is reachable that should not be.
@Suite(.timeLimit(.minutes(5)))
struct RouteTableTests {
    /// Somebody who asks.
    enum Caller: String, CaseIterable {
        case nobody, stranger, expired, revoked, unbound, viewer, `operator`, admin, dataDirectory
        /// Reads clusters and Secrets' masks in the namespace `default`, and changes clusters there.
        case local
        /// Reads and reveals one Secret and one cluster by name.
        case named
        /// The role `admin`, but in the namespace `default` only.
        case localAdmin
    }

    /// One request, and who may make it.
    struct Row: CustomTestStringConvertible {
        let method: String
        let path: String
        let query: String
        let allowed: Set<Caller>
        /// Whether an authenticated caller without the right is told 404 or 405 instead of 403.
        let isNothing: Bool

        var testDescription: String { "\(method) \(path)\(query)" }
    }

    private static let users: Set<Caller> = [
        .unbound, .viewer, .operator, .admin, .dataDirectory, .local, .named, .localAdmin,
    ]
    private static let readers: Set<Caller> = [.viewer, .operator, .admin, .dataDirectory]
    private static let admins: Set<Caller> = [.admin, .dataDirectory]
    private static let accessKinds: Set<String> = ["roles", "rolebindings", "accesstokens"]
    private static let etcdKinds: Set<String> = ["etcdclusters", "etcdinspections", "etcdbackups", "etcdmigrations"]

    /// All requests that lead anywhere, made from the kinds the server offers.
    static let rows: [Row] = {
        var rows: [Row] = []
        func add(_ method: String, _ path: String, _ allowed: Set<Caller>, query: String = "", isNothing: Bool = false)
        {
            rows.append(Row(method: method, path: path, query: query, allowed: allowed, isNothing: isNothing))
        }
        let everybody = Set(Caller.allCases)
        for path in ["/livez", "/healthz", "/readyz", "/version"] {
            add("GET", path, everybody)
            add("HEAD", path, everybody)
        }
        for path in [
            "/api", "/apis", "/apis/lodestone.dev", "/api/v1", "/apis/lodestone.dev/v1alpha1", "/openapi/v2",
            "/openapi/v3", "/openapi/v3/api/v1", "/openapi/v3/apis/lodestone.dev/v1alpha1",
            "/apis/authentication.k8s.io", "/apis/authorization.k8s.io/v1",
        ] {
            add("GET", path, users)
            add("HEAD", path, users)
        }
        for path in [
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
            "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        ] {
            add("POST", path, users)
        }
        for path in ["/metrics", "/findings"] {
            add("GET", path, readers)
            add("HEAD", path, readers)
            add("POST", path, admins)
        }
        add("GET", "/api/v1/services", readers)
        add("GET", "/api/v1/namespaces/default/services", readers.union([.localAdmin]))
        for path in [
            "/", "/nope", "/api/v2", "/apis/other.dev/v1", "/api/v1/pods", "/openapi/v3/apis/authorization.k8s.io/v1",
        ] {
            add("GET", path, users, isNothing: true)
        }
        for registered in RegisteredKind.all {
            rows += Self.rows(of: registered.kind)
        }
        return rows
    }()

    private static func rows(of kind: Kind) -> [Row] {
        var rows: [Row] = []
        let base = kind.group.isEmpty ? "/api/v1" : "/apis/\(kind.group)/\(kind.version)"
        let collection = kind.isNamespaced ? "\(base)/namespaces/default/\(kind.plural)" : "\(base)/\(kind.plural)"
        let isLocal = kind.isNamespaced
        let name = kind == Secret.kind || kind == EtcdCluster.kind ? "own" : "x"
        let reading: Set<Caller> = accessKinds.contains(kind.plural) ? admins : readers
        func plus(_ callers: Set<Caller>, _ isOwn: Bool, named: Bool = false) -> Set<Caller> {
            var all = callers
            if isLocal { all.insert(.localAdmin) }
            if isOwn { all.insert(.local) }
            if named { all.insert(.named) }
            return all
        }
        let isRead = [EtcdCluster.kind, Secret.kind].contains(kind)
        let isWritten = kind == EtcdCluster.kind
        let operators: Set<Caller> = admins.union(etcdKinds.contains(kind.plural) ? [.operator] : [])
        let writers = operators.union(kind == Secret.kind ? [.operator] : [])
        func add(_ method: String, _ path: String, _ allowed: Set<Caller>, _ query: String = "") {
            rows.append(Row(method: method, path: path, query: query, allowed: allowed, isNothing: false))
        }
        for method in ["GET", "HEAD"] {
            add(method, collection, plus(reading, isRead))
            add(method, collection, plus(reading, isRead), "?watch=true")
            add(method, collection, plus(reading, isRead, named: isRead), "?fieldSelector=metadata.name=own&watch=1")
            add(method, collection, plus(reading, isRead), "?fieldSelector=metadata.name!=own")
            add(method, "\(collection)/\(name)", plus(reading, isRead, named: isRead))
            add(method, "\(collection)/\(name)", plus(reading, isRead, named: isRead), "?watch=true")
            add(method, "\(collection)/other", plus(reading, isRead))
            if kind.isNamespaced {
                add(method, "\(base)/\(kind.plural)", reading)
                let elsewhere = "\(base)/namespaces/elsewhere/\(kind.plural)"
                add(method, elsewhere, reading)
                add(method, "\(elsewhere)/\(name)", isRead ? reading.union([.named]) : reading)
            }
            if kind.hasStatus { add(method, "\(collection)/\(name)/status", plus(reading, false)) }
        }
        add("POST", collection, plus(writers, isWritten))
        add("PUT", "\(collection)/\(name)", plus(writers, isWritten))
        add("PATCH", "\(collection)/\(name)", plus(writers, isWritten))
        add("DELETE", "\(collection)/\(name)", plus(writers, isWritten))
        add("DELETE", collection, plus(operators, false))
        if kind.hasStatus {
            add("PUT", "\(collection)/\(name)/status", plus(admins, false))
            add("PATCH", "\(collection)/\(name)/status", plus(admins, false))
        }
        if kind.isNamespaced {
            add("DELETE", "\(base)/namespaces/elsewhere/\(kind.plural)/\(name)", writers)
            add("PATCH", "\(base)/namespaces/elsewhere/\(kind.plural)/\(name)", writers)
        }
        if kind == EtcdCluster.kind {
            add("GET", "\(collection)/\(name)/scale", plus(readers, false))
            add("PUT", "\(collection)/\(name)/scale", plus(operators, false))
            add("PATCH", "\(collection)/\(name)/scale", plus(operators, false))
            add("BREW", collection, plus(admins, false))
        }
        return rows
    }

    @Test("Every route answers every caller as his rights say")
    func table() async throws {
        let api = try await APIFixture { $0.limits.failuresPerSecond = 10_000 }
        let tokens = try await Self.tokens(api)
        var wrong: [String] = []
        for row in Self.rows {
            for caller in Caller.allCases {
                let answer = try await api.respond(
                    row.method, row.path + row.query, bytes: Array("[".utf8), token: tokens[caller] ?? nil)
                let isKnown = Self.users.contains(caller)
                // A body that is no JSON ends every write that was let through before it changes anything.
                let expected: Bool
                if row.allowed.contains(caller) {
                    expected = row.isNothing ? answer.status == 404 : ![401, 403, 429].contains(answer.status)
                } else {
                    expected = answer.status == (isKnown ? 403 : 401)
                }
                if !expected { wrong.append("\(row.testDescription) as \(caller): \(answer.status)") }
                if case .bytes(let bytes) = answer.body, answer.status == 401 || answer.status == 403 {
                    let status = try Value(json: bytes)
                    #expect(status["kind"] == "Status" && status["code"] == .integer(Int64(answer.status)))
                }
            }
        }
        #expect(wrong.isEmpty, "\(wrong.count) wrong:\n\(wrong.prefix(40).joined(separator: "\n"))")
        #expect(Self.rows.count > 250)
    }

    @Test("The table knows every resource and verb that discovery tells of")
    func completeness() async throws {
        let api = try await APIFixture()
        var told: Set<String> = []
        for version in [
            "/api/v1", "/apis/lodestone.dev/v1alpha1", "/apis/authorization.k8s.io/v1",
            "/apis/authentication.k8s.io/v1",
        ] {
            for resource in try await api.call("GET", version).json["resources"]?.array ?? [] {
                for verb in resource["verbs"]?.array ?? [] {
                    told.insert("\(verb.string ?? "") \(resource["name"]?.string ?? "")")
                }
            }
        }
        var known: Set<String> = ["get services"]
        for row in Self.rows {
            let parts = row.path.split(separator: "/").map(String.init)
            let isCore = parts.first == "api"
            var rest = Array(parts.dropFirst(isCore ? 2 : 3))
            if rest.first == "namespaces", rest.count > 2,
                !(rest.count == 3 && ["status", "finalize"].contains(rest[2]))
            {
                rest = Array(rest.dropFirst(2))
            }
            guard let plural = rest.first else { continue }
            let subresource = rest.count > 2 ? "/\(rest[2])" : ""
            let verb =
                switch row.method {
                case "GET": rest.count > 1 ? "get" : row.query.hasPrefix("?watch") ? "watch" : "list"
                case "POST": "create"
                case "PUT": "update"
                case "PATCH": "patch"
                case "DELETE": rest.count > 1 ? "delete" : "deletecollection"
                default: ""
                }
            known.insert("\(verb) \(plural)\(subresource)")
        }
        let missing = told.subtracting(known)
        #expect(missing.isEmpty, "\(missing.sorted())")
    }

    private static func tokens(_ api: APIFixture) async throws -> [Caller: String?] {
        _ = try await api.call(
            "POST", "/api/v1/namespaces", ["metadata": ["name": "elsewhere"]])
        let local = [
            RoleRule([.get, .list, .watch], on: ["etcdclusters", "secrets"]),
            RoleRule([.create, .update, .patch, .delete], on: ["etcdclusters"]),
        ]
        let named = [
            RoleRule([.get, .list, .watch, .reveal], on: ["secrets", "etcdclusters"], named: ["own"])
        ]
        let expired = try await api.makeToken(
            "expired", user: "old", role: "admin", expires: Timestamp(secondsSinceEpoch: 1))
        let revoked = try await api.makeToken("revoked", user: "gone", role: "admin")
        let patch: Value = ["spec": ["revoked": true]]
        let answer = try await api.call(
            "PATCH", "\(Sample.group)/accesstokens/revoked", patch, type: "application/merge-patch+json")
        #expect(answer.status == 200)
        return [
            .nobody: nil, .stranger: BearerSecret.make(), .expired: expired, .revoked: revoked,
            .unbound: try await api.makeToken("unbound", user: "new"),
            .viewer: try await api.makeToken("viewer", user: "vera", role: "viewer"),
            .operator: try await api.makeToken("operator", user: "otto", role: "operator"),
            .admin: try await api.makeToken("admin", user: "ada", role: "admin"),
            .dataDirectory: APIFixture.token,
            .local: try await api.makeToken("local", user: "lea", namespaces: ["default"], rules: local),
            .named: try await api.makeToken("named", user: "nils", rules: named),
            .localAdmin: try await api.makeToken("local-admin", user: "lars", role: "admin", namespaces: ["default"]),
        ]
    }
}
