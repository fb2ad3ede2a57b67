import API
import Model
import Telemetry
import Testing
import Transport

/// What the server says of itself: discovery, schemas, version, health, measurements; and to whom.
@Suite(.timeLimit(.minutes(5)))
struct ServerDocumentsTests {
    @Test(
        "Without a valid token nothing but health and version is told",
        arguments: [nil, "", "Bearer", "Bearer wrong", "Basic YTpi", APIFixture.token])
    func authentication(header: String?) async throws {
        let api = try await APIFixture()
        let headers = ["Authorization": header ?? ""]
        let closed = [
            "/", "/api", "/apis", "/api/v1", "/openapi/v3", "/openapi/v2", "/metrics", "/findings", Sample.clusters,
            "\(Sample.secrets)/x",
        ]
        for path in closed {
            let refused = try await api.call("GET", path, headers: headers)
            #expect(refused.status == 401, "\(path)")
            #expect(refused.json["kind"] == "Status")
        }
        for path in ["/healthz", "/livez", "/readyz", "/version"] {
            #expect(try await api.call("GET", path, headers: headers).status == 200, "\(path)")
        }
        #expect(
            try await api.call("GET", "/api", headers: ["Authorization": "bearer \(APIFixture.token)"]).status == 200)
    }

    @Test("To act as somebody else is refused, not ignored")
    func impersonation() async throws {
        let api = try await APIFixture()
        let refused = try await api.call("GET", Sample.clusters, headers: ["Impersonate-User": "eve"])
        #expect(refused.status == 403 && refused.reason == "Forbidden")
    }

    @Test(
        "A path that leads nowhere is not found, a method that makes no sense not allowed",
        arguments: [
            ("GET", "/nope", 404), ("GET", "/api/v2", 404), ("GET", "/apis/other.dev/v1", 404),
            ("GET", "/apis/lodestone.dev/v2/etcdclusters", 404), ("GET", "/api/v1/pods", 404),
            ("GET", "/api/v1/namespaces/default/namespaces", 404), ("GET", "\(Sample.clusters)/a/b", 404),
            ("GET", "/apis/lodestone.dev/v1alpha1/etcdclusters/demo", 404),
            ("GET", "\(Sample.clusters)/a/status/x", 404),
            ("POST", "/version", 405), ("DELETE", "/apis", 405), ("PUT", Sample.clusters, 405),
            ("POST", "\(Sample.clusters)/demo", 405), ("BREW", Sample.clusters, 405),
            ("POST", "/apis/lodestone.dev/v1alpha1/etcdclusters", 405),
        ])
    func wrongPaths(method: String, path: String, status: Int) async throws {
        let api = try await APIFixture()
        let refused = try await api.call(method, path, Sample.cluster("demo"))
        #expect(refused.status == status)
        #expect(refused.json["kind"] == "Status" && refused.json["code"] == .integer(Int64(status)))
    }

    @Test("Readiness names the check that fails")
    func readiness() async throws {
        let api = try await APIFixture { options in
            options.readiness = [
                ReadinessCheck("store") { nil }, ReadinessCheck("observer") { "no observation yet" },
            ]
        }
        let answer = try await api.call("GET", "/readyz")
        #expect(answer.status == 503)
        #expect(
            answer.text == "[+]store ok\n[-]observer failed: no observation yet\nreadyz check failed\n\n".dropLast())
        #expect(try await api.call("GET", "/livez").text == "ok\n")
    }

    @Test("A check that does not answer in time counts as failed")
    func slowReadiness() async throws {
        let api = try await APIFixture { options in
            options.readiness = [
                ReadinessCheck("stuck") {
                    for await _ in AsyncStream<Void>.makeStream().stream {}
                    return nil
                }
            ]
        }
        let answer = try await api.call("GET", "/readyz")
        #expect(answer.status == 503 && answer.text.contains("[-]stuck failed: it did not answer within 2.0 seconds"))
    }

    @Test("Requests are counted and shown in Prometheus' form")
    func measurements() async throws {
        let api = try await APIFixture()
        _ = try await api.call("GET", Sample.clusters)
        _ = try await api.call("GET", "\(Sample.clusters)/none")
        let answer = try await api.call("GET", "/metrics")
        #expect(answer.header("Content-Type") == PrometheusText.contentType)
        #expect(answer.text.contains(#"lodestone_api_requests_total{verb="GET",resource="etcdclusters",code="200"} 1"#))
        #expect(answer.text.contains(#"lodestone_api_requests_total{verb="GET",resource="etcdclusters",code="404"} 1"#))
        #expect(answer.text.contains("lodestone_api_watches 0"))
    }

    @Test("Both forms of discovery name the same kinds")
    func discovery() async throws {
        let api = try await APIFixture()
        let groups = try await api.call("GET", "/apis").json
        #expect(
            groups["groups"]?.array?.map { $0["name"] }
                == ["lodestone.dev", "authentication.k8s.io", "authorization.k8s.io"])
        #expect(try await api.call("GET", "/apis/lodestone.dev").json["kind"] == "APIGroup")
        #expect(try await api.call("GET", "/api").json["versions"] == ["v1"])
        let legacy = try await api.call("GET", "/apis/lodestone.dev/v1alpha1").json["resources"]?.array ?? []
        #expect(
            legacy.contains { $0["name"] == "etcdclusters" && $0["shortNames"] == ["ec"] && $0["namespaced"] == true })
        #expect(legacy.contains { $0["name"] == "etcdclusters/status" })
        for version in ["v2", "v2beta1"] {
            let type = "application/json;g=apidiscovery.k8s.io;v=\(version);as=APIGroupDiscoveryList"
            for (path, plurals) in [
                (
                    "/apis",
                    [
                        "etcdclusters", "etcdinspections", "etcdbackups", "etcdmigrations", "roles", "rolebindings",
                        "accesstokens",
                    ]
                ),
                ("/api", ["namespaces", "secrets", "events", "services"]),
            ] {
                let answer = try await api.call("GET", path, headers: ["Accept": "\(type),application/json"])
                #expect(answer.header("Content-Type") == type)
                #expect(answer.json["apiVersion"] == .string("apidiscovery.k8s.io/\(version)"))
                let found = answer.json["items"]?.array?.first?["versions"]?.array?.first
                let resources = found?["resources"]?.array ?? []
                #expect(resources.compactMap { $0["resource"]?.string } == plurals)
                #expect(resources.allSatisfy { $0["responseKind"]?["kind"]?.string != nil })
            }
        }
    }

    @Test("Schemas say what kubectl looks for, and follow the model", arguments: RegisteredKind.all.map(\.kind.name))
    func schemas(name: String) async throws {
        let registered = try #require(RegisteredKind.all.first { $0.kind.name == name })
        let kind = registered.kind
        let api = try await APIFixture()
        let version = kind.group.isEmpty ? "api/v1" : "apis/\(kind.apiVersion)"
        let index = try await api.call("GET", "/openapi/v3").json
        let url = try #require(index["paths"]?[version]?["serverRelativeURL"]?.string)
        let answer = try await api.call("GET", url)
        #expect(answer.status == 200 && answer.header("Cache-Control")?.contains("immutable") == true)
        let identity: Value = [
            "group": .string(kind.group), "version": .string(kind.version), "kind": .string(kind.name),
        ]
        let operations = (answer.json["paths"]?.members ?? [:]).compactMap { $0.value["patch"] }
        let patch = try #require(operations.first { $0["x-kubernetes-group-version-kind"] == identity })
        #expect(patch["parameters"]?.array?.contains { $0["name"] == "fieldValidation" } == true)
        // What the transport answers by itself, in no format.
        #expect(["414", "431"].allSatisfy { patch["responses"]?[$0].map { $0["content"] == nil } == true })
        let types = patch[path: "requestBody", "content"]?.members?.keys ?? []
        #expect(types.contains("application/merge-patch+json"))
        #expect(types.contains("application/strategic-merge-patch+json") == kind.group.isEmpty)
        let schemas = answer.json[path: "components", "schemas"]?.members ?? [:]
        let schema = try #require(
            schemas.first { $0.value["x-kubernetes-group-version-kind"]?.array?.contains(identity) == true }?.value)
        guard case .object(let fields) = registered.schema.shape else {
            Issue.record("the schema of \(name) is no object")
            return
        }
        for field in fields {
            let description = try #require(schema[path: "properties", field.name]?["description"]?.string)
            #expect(description == field.description)
        }
        #expect(try await api.call("GET", "/openapi/v2").bytes.isEmpty)
    }
}
