import Model
package import Store
package import Telemetry
package import Transport

/// Answers every request to the API: finds out what it is for and who makes it, and lets the right part answer.
package struct APIHandler: Sendable {
    /// Less than the patience of any probe.
    private static let readinessDeadline = Duration.seconds(2)

    private let kinds: KindIndex
    private let access: AccessControl
    private let audit: AuditLog?
    private let admission: Admission
    private let now: @Sendable () -> Timestamp
    private let watches = WatchBoard()
    let shared = SharedForms()
    private let readiness: [ReadinessCheck]
    private let findings: @Sendable () async -> [Finding]
    private let version: Value
    private let discovery: Discovery
    private let schemas: SchemaDocuments
    private let metrics: MetricsRegistry
    private let measurements: APIMeasurements
    private let logger: Logger

    /// The handler of a server with these options.
    package init(_ options: APIServer.Options, store: RecordStore, metrics: MetricsRegistry, logger: Logger) {
        kinds = KindIndex(options.kinds)
        access = AccessControl(options, store: store)
        audit = options.audit
        admission = options.admission
        now = options.now
        readiness = options.readiness
        findings = options.findings
        version = VersionDocument.value(programVersion: options.programVersion)
        discovery = Discovery(kinds: kinds)
        schemas = SchemaDocuments(kinds)
        self.metrics = metrics
        measurements = APIMeasurements(metrics, watches: watches)
        self.logger = logger
    }

    /// Keeps the handler's knowledge of who may do what current and tells watches how time passes, until the task is
    /// cancelled.
    package func run() async {
        await withTaskGroup { group in
            group.addTask { await access.run() }
            while !Task.isCancelled {
                audit?.tick()
                watches.tick(at: .now)
                // Ends early only by cancellation, which the loop looks at.
                try? await Task.sleep(for: .seconds(1))
            }
            group.cancelAll()
        }
    }

    /// Has everybody show himself again whom an authority stood behind that may not be trusted any more.
    ///
    /// - Parameter epoch: How often an authority of clients was taken away so far.
    func trustChanged(to epoch: Int) {
        access.trustChanged(to: epoch)
    }

    /// The answer to a request; never fails, a refusal is an answer too.
    package func respond(to request: HTTPServerRequest) async -> HTTPServerResponse {
        let start = ContinuousClock.now
        var entry = AuditEntry(request, at: now())
        var response: HTTPServerResponse
        do throws(APIStatus) {
            response = try await answer(request, &entry)
        } catch {
            let fields: LogFields = ["method": .text(request.method), "path": .text(request.rawPath)]
            if error.reason.code >= 500 {
                logger.error("The API could not answer: \(error)", fields)
            } else {
                logger.debug("The API refused: \(error)", fields)
            }
            entry.reason = error.reason.rawValue
            entry.message = error.message
            response = .refusal(error)
        }
        response.headers.append(HTTPServerField("Audit-Id", entry.id))
        entry.status = response.status
        entry.took = ContinuousClock.now - start
        await audit?.add(entry)
        measurements.note(request, resource: entry.kind(in: kinds), response, took: ContinuousClock.now - start)
        return response
    }

    /// Writes down a request that was refused before it came here.
    func note(_ refused: HTTPRefusedRequest) {
        audit?.note(AuditEntry(refused, at: now()))
    }

    /// Finds out what a request is for, who makes it and whether he may, in this order and before anything else is done.
    private func answer(
        _ request: HTTPServerRequest, _ entry: inout AuditEntry
    ) async throws(APIStatus) -> HTTPServerResponse {
        try await access.prepare()
        let route = try? Route(path: request.path, kinds: kinds)
        let audience = route?.audience(of: request)
        if let route, case .everybody? = audience {
            try access.limits.countPublicRequest(from: request.client.network)
            return try await answer(request, route, requester: try? access.requester(of: request))
        }
        let requester = try access.requester(of: request)
        entry.requester = requester
        if case .holders(let wish)? = audience {
            entry.wish = wish
        }
        try access.limits.countRequest(of: requester.user)
        // What is nowhere is told to users only.
        guard let route else { throw .unknownPath }
        if case .holders(let wish)? = audience {
            try access.require(wish, of: requester)
        }
        return try await access.limits.working(for: requester.user) { () async throws(APIStatus) in
            try await answer(request, route, requester: requester)
        }
    }

    private func answer(
        _ request: HTTPServerRequest, _ target: RecordTarget, of requester: Requester
    ) async throws(APIStatus) -> HTTPServerResponse {
        guard case .holders(let wish) = Route.records(target).audience(of: request) else { throw .unknownPath }
        let records = RecordEndpoint(
            store: access.gate(for: requester), admission: admission, rules: access.rules(for: requester), now: now,
            watches: watches, shared: shared)
        return access.guarded(try await records.respond(request, target), target, wish, for: requester)
    }

    private func answer(
        _ request: HTTPServerRequest, _ route: Route, requester: Requester?
    ) async throws(APIStatus) -> HTTPServerResponse {
        switch route {
        case .records(let target):
            guard let requester else { throw .unknownPath }
            return try await answer(request, target, of: requester)
        case .review(let review):
            guard request.method == "POST", let requester else { throw .methodNotAllowed }
            let question = try RequestBody.document(request)
            let answer = try review.answer(question, of: requester, by: access.index.policy, at: now())
            return .json(answer, status: 201)
        default:
            guard request.method == "GET" || request.method == "HEAD" else { throw .methodNotAllowed }
        }
        switch route {
        case .records, .review: throw .methodNotAllowed
        case .liveness: return .text("ok")
        case .readiness: return await readinessAnswer(isDetailed: requester != nil)
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

    /// `ok`, or the checks one by one where one of them fails, as Kubernetes words it; why is told to users only.
    private func readinessAnswer(isDetailed: Bool) async -> HTTPServerResponse {
        var lines: [String] = []
        var isReady = true
        for check in readiness {
            if let problem = await Self.problem(of: check) {
                isReady = false
                lines.append("[-]\(check.name) failed: \(isDetailed ? problem : "reason withheld")")
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
