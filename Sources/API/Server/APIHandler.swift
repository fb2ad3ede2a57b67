import Model
package import Store
package import Telemetry
package import Transport

/// Answers every request to the API: finds out what it is for and who makes it, and lets the right part answer.
package struct APIHandler: Sendable {
    /// Less than the patience of any probe.
    private static let readinessDeadline = Duration.seconds(2)

    private let kinds: KindIndex
    private let tokens: BearerTokens
    private let readiness: [ReadinessCheck]
    private let findings: @Sendable () async -> [Finding]
    private let version: Value
    private let records: RecordEndpoint
    private let discovery: Discovery
    private let schemas: SchemaDocuments
    private let metrics: MetricsRegistry
    private let measurements: APIMeasurements
    private let logger: Logger

    /// The handler of a server with these options.
    package init(_ options: APIServer.Options, store: RecordStore, metrics: MetricsRegistry, logger: Logger) {
        kinds = KindIndex(options.kinds)
        tokens = options.tokens
        readiness = options.readiness
        findings = options.findings
        version = VersionDocument.value(programVersion: options.programVersion)
        let watches = WatchCounter()
        records = RecordEndpoint(store: store, admission: options.admission, now: options.now, watches: watches)
        discovery = Discovery(kinds: kinds)
        schemas = SchemaDocuments(kinds)
        self.metrics = metrics
        measurements = APIMeasurements(metrics, watches: watches)
        self.logger = logger
    }

    /// The answer to a request; never fails, a refusal is an answer too.
    package func respond(to request: HTTPServerRequest) async -> HTTPServerResponse {
        let start = ContinuousClock.now
        var resource = "none"
        let response: HTTPServerResponse
        do throws(APIStatus) {
            let route = try Route(path: request.path, kinds: kinds)
            if case .records(let target) = route {
                resource = target.kind.kind.plural
            }
            if !route.isPublic {
                try authenticate(request)
            }
            response = try await answer(request, route)
        } catch {
            if error.reason.code >= 500 {
                logger.error(
                    "The API could not answer: \(error)",
                    ["method": .text(request.method), "path": .text(request.rawPath)])
            } else {
                logger.debug(
                    "The API refused: \(error)",
                    ["method": .text(request.method), "path": .text(request.rawPath)])
            }
            response = .refusal(error)
        }
        measurements.note(request, resource: resource, response, took: ContinuousClock.now - start)
        return response
    }

    /// Refuses whoever does not hold a token.
    private func authenticate(_ request: HTTPServerRequest) throws(APIStatus) {
        let words = (request.header("authorization") ?? "").split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0].lowercased() == "bearer", tokens.user(of: String(words[1])) != nil else {
            throw APIStatus(.unauthorized, "Unauthorized: give a valid bearer token, as the kubeconfig holds it")
        }
        // To act as somebody else is not offered, and to ignore the wish would do more than was asked.
        guard request.header("impersonate-user") == nil, request.header("impersonate-group") == nil else {
            throw APIStatus(.forbidden, "impersonation is not supported by this server")
        }
    }

    private func answer(_ request: HTTPServerRequest, _ route: Route) async throws(APIStatus) -> HTTPServerResponse {
        if case .records(let target) = route { return try await records.respond(request, target) }
        guard request.method == "GET" || request.method == "HEAD" else { throw .methodNotAllowed }
        switch route {
        case .records: throw .methodNotAllowed
        case .liveness: return .text("ok")
        case .readiness: return await readinessAnswer()
        case .metrics:
            return HTTPServerResponse(
                status: 200, headers: [HTTPServerField("Content-Type", PrometheusText.contentType)],
                body: .bytes(await metrics.exposition()))
        case .findings: return .json(["findings": .array(await findings().map(\.encoded))])
        case .version: return .json(version)
        case .coreVersions: return discovery.groups(isCore: true, for: request)
        case .groups: return discovery.groups(isCore: false, for: request)
        case .group(let name): return .json(discovery.group(name))
        case .kinds(let version): return .json(discovery.resources(in: version))
        case .oldSchemas:
            // No bytes at all are a valid empty protobuf, which is what kubectl expects to read here.
            return HTTPServerResponse(
                status: 200,
                headers: [
                    HTTPServerField("Content-Type", "application/com.github.proto-openapi.spec.v2.v1.0+protobuf")
                ])
        case .schemaIndex: return .json(schemas.index)
        case .schemas(let version): return try schemas.answer(for: version, request)
        case .services:
            return .json([
                "kind": "ServiceList", "apiVersion": "v1", "metadata": ["resourceVersion": "1"], "items": [],
            ])
        }
    }

    /// `ok`, or the checks one by one where one of them fails, as Kubernetes words it.
    private func readinessAnswer() async -> HTTPServerResponse {
        var lines: [String] = []
        var isReady = true
        for check in readiness {
            if let problem = await Self.problem(of: check) {
                isReady = false
                lines.append("[-]\(check.name) failed: \(problem)")
            } else {
                lines.append("[+]\(check.name) ok")
            }
        }
        guard !isReady else { return .text("ok") }
        return .text((lines + ["readyz check failed"]).joined(separator: "\n"), status: 503)
    }

    /// What is wrong with a check; one that does not answer in time is not well either.
    private static func problem(of check: ReadinessCheck) async -> String? {
        await withTaskGroup(of: String?.self) { group in
            group.addTask { await check.problem() }
            group.addTask {
                // Ends early only by cancellation, and then the check has answered.
                try? await Task.sleep(for: readinessDeadline)
                return "it did not answer within \(readinessDeadline)"
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }
}
