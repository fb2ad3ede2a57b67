import API
import Archive
import Client
import Controller
import ControllerRuntime
import Crypto
import Glibc
import Model
import Nodes
import Store
import Synchronization
import Telemetry
import Transport

/// The composition root of the service: makes every part, hands each what it needs, runs them together.
struct ControllerService {
    private let command: ControllerCommand
    private let logger: Logger

    init(_ command: ControllerCommand, logger: Logger) {
        self.command = command
        self.logger = logger
    }

    /// Runs until the task is cancelled.
    func run() async throws {
        umask(0o077)
        Self.raiseFileLimit()
        let data = try Self.directory(command.dataDirectory)
        logger.info(
            "The controller starts",
            ["version": .text(Version.current), "data": .text(data)])
        var storage = StoreOptions(directory: data)
        storage.keyFile = command.secretsKeyFile
        let store = try await RecordStore.open(storage)
        tell(store.sealing)
        do {
            try await serve(store, data)
        } catch {
            await store.close()
            throw error
        }
        await store.close()
        logger.info("The controller has stopped; the members it runs go on")
    }

    private func tell(_ sealing: SealingReport) {
        if sealing.rows > 0 {
            logger.info("Records that hold secrets were sealed anew", ["rows": .integer(Int64(sealing.rows))])
        }
        if !sealing.isSwept {
            logger.warning(
                "The store file still holds what was sealed anew: the disk is full, or somebody reads the file; the next "
                    + "start tries again")
        }
    }

    private func serve(_ store: RecordStore, _ data: String) async throws {
        let metrics = MetricsRegistry()
        metrics.addCollector(ProcessMetrics.collector)
        metrics.addCollector(FleetMetrics.collector(of: store))
        let engine = HTTPEngine(name: "members")
        defer { engine.shutdown() }
        let wakeups = Wakeups()
        let events = EventRecorder(store: store, logger: logger, metrics: metrics)
        let local = try LocalProvider(
            options: LocalProvider.Options(
                root: data + "/members", binaries: command.etcdDirectories + [data + "/etcd-versions"],
                ports: command.memberPorts.ports))
        for cluster in try await store.list(EtcdCluster.self) {
            await local.reserve(cluster)
        }
        let backups = try Self.directory(command.backupDirectory ?? data + "/backups")
        try await BackupPipeline.clearScratch(data + "/scratch")
        let services = ControllerServices(
            store: store, engine: engine, local: local,
            archives: BackupArchives(
                defaultDirectory: backups, scratchDirectory: data + "/scratch", writer: "lodestone \(Version.current)",
                engine: engine),
            backupsAtOnce: command.backupsAtOnce, events: events, wakeups: wakeups, logger: logger)
        try await ensureDefaultNamespace(in: store)
        metrics.addCollector(services.metrics)
        try await BuiltInRoles.restore(in: store)
        let audit = try await command.access.openAuditLog(data, metrics)
        let server = try api(store, data, metrics, audit) { services.findings + (audit?.findings ?? []) }
        var options = ControllerLoops.Options()
        options.quarantineAge = command.quarantineAge
        let parts = ControllerLoops.components(services, options: options, logger: logger, metrics: metrics)
        try await Manager(parts + [APIComponent(server: server)], logger: logger).run()
        await audit?.close()
    }

    private func api(
        _ store: RecordStore, _ data: String, _ metrics: MetricsRegistry, _ audit: AuditLog?,
        findings: @escaping @Sendable () async -> [Finding]
    ) throws -> APIServer {
        let hosts = Set([command.listen.host, "127.0.0.1", "::1", "localhost"] + command.access.serverNames).sorted()
        let credentials = try APICredentials(in: data, hosts: hosts)
        var listener = HTTPServerOptions()
        listener.address = command.listen.host
        listener.port = command.listen.port
        var options = APIServer.Options(
            listener: listener, tokens: BearerTokens([(token: credentials.adminToken, user: "admin")]))
        try command.access.apply(to: &options, credentials)
        options.audit = audit
        options.programVersion = Version.current
        options.findings = findings
        options.admission = Self.admission(to: store)
        // Who waits for readiness goes on with the kubeconfig.
        let isKubeconfigWritten = Mutex(false)
        options.readiness = [
            ReadinessCheck("kubeconfig") { isKubeconfigWritten.withLock(\.self) ? nil : "it is not written yet" },
            ReadinessCheck("store") {
                do {
                    _ = try await store.figures()
                    return nil
                } catch {
                    return "\(error)"
                }
            },
        ]
        let server = try APIServer(options, store: store, metrics: metrics, logger: logger)
        try credentials.writeKubeconfig(url: server.url, certificate: options.listener.tls?.certificatePEM)
        isKubeconfigWritten.withLock { $0 = true }
        logger.info("The API serves", ["url": .text(server.url), "kubeconfig": .text(credentials.kubeconfigPath)])
        return server
    }

    private static func admission(to store: RecordStore) -> Admission {
        let rules = RecordAdmission(store: store)
        var admission = Admission { new, old, kind in await rules.problems(new, replacing: old, of: kind) }
        admission.condition = { new, old, kind in rules.condition(new, replacing: old, of: kind) }
        admission.warnings = { new, kind in await rules.warnings(new, of: kind) }
        admission.objection = { record, kind in await rules.objection(toRemoving: record, of: kind) }
        return admission
    }

    /// Records name the namespace `default` when they name none, so it is always there, as in Kubernetes.
    private func ensureDefaultNamespace(in store: RecordStore) async throws {
        do {
            try await store.create(Namespace(name: "default"))
        } catch {
            guard case .alreadyExists = error else { throw error }
        }
    }

    /// Makes a directory only its owner may enter, and returns its absolute path.
    private static func directory(_ path: String) throws -> String {
        var absolute = path
        if !path.hasPrefix("/") {
            guard let here = getcwd(nil, 0) else { throw CommandFailure("the working directory is gone") }
            defer { free(here) }
            absolute = String(cString: here) + "/" + path
        }
        var made = ""
        for part in absolute.split(separator: "/") where part != "." {
            made += "/\(part)"
            guard mkdir(made, 0o700) == 0 || errno == EEXIST else {
                throw CommandFailure(
                    "\(made) cannot be made: \(String(cString: strerror(errno))); name another directory")
            }
        }
        var status = stat()
        guard stat(made, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, access(made, W_OK | X_OK) == 0 else {
            throw CommandFailure("\(made) is no directory that can be written to; name another one")
        }
        return made
    }

    /// Every member and every watcher is an open file, and the usual soft limit of 1024 is soon reached.
    private static func raiseFileLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}

/// The API as a part of the controller.
private struct APIComponent: Component {
    let name = "API"
    let server: APIServer

    func run() async {
        await server.run()
    }
}
