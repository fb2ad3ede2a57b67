public import Archive
import Glibc
import Synchronization
public import Transport

/// A real S3 server for tests: Ceph's gateway over one monitor and one object store in memory, on free loopback ports.
///
/// One serves a whole suite: it starts in about a second, and buckets keep its tests apart. The store loses everything
/// when it ends, so it is always killed. The kernel kills all three processes should the test process die.
public final class RealS3: Sendable {
    /// A user who may do everything in buckets of their own.
    public struct User: Sendable {
        /// The name of the user.
        public let name: String
        /// The name of the key.
        public let accessKeyID: String
        /// What requests are signed with.
        public let secretAccessKey: String
    }

    /// The port of the gateway.
    public let port: Int
    /// The user that every server has.
    public let user = User(name: "fleet", accessKeyID: "AKFLEETTEST", secretAccessKey: "not-a-secret/+=")
    private let directory: TemporaryDirectory
    private let processes = Mutex<[String: ChildProcess]>([:])

    private static let programs = [
        "radosgw", "radosgw-admin", "ceph", "ceph-mon", "ceph-osd", "ceph-authtool", "monmaptool",
    ]

    private init() throws {
        let missing = Self.programs.filter { access("/usr/bin/\($0)", X_OK) != 0 }
        guard missing.isEmpty else {
            throw TestSupportError(
                "\(missing.joined(separator: ", ")) must be installed to test S3: run scripts/setup.")
        }
        port = try FreePort.next()
        directory = try TemporaryDirectory("s3")
    }

    deinit {
        for process in processes.withLock({ $0.values.map { $0 } }) { process.signal(SIGKILL) }
    }

    /// Starts a server and waits until it answers.
    public static func start() async throws -> RealS3 {
        let server = try RealS3()
        do {
            try await server.prepare()
            try await server.startGateway()
            try await server.administer(
                "user", "create", "--uid=\(server.user.name)", "--display-name=\(server.user.name)",
                "--access-key=\(server.user.accessKeyID)", "--secret-key=\(server.user.secretAccessKey)")
            return server
        } catch {
            let logs = ["mon", "osd", "rgw"].map {
                "\($0): \(readTextFile(server.file("\($0).log"))?.suffix(1500) ?? "")"
            }
            try? await server.stop()  // The first error is the one to tell.
            throw TestSupportError("The S3 server did not start: \(error)\n\(logs.joined(separator: "\n"))")
        }
    }

    /// The address of the gateway.
    public var url: String { "http://127.0.0.1:\(port)" }

    /// A place in a bucket of this server, with the server's user.
    ///
    /// `port` is that of a proxy, if the way goes through one.
    public func place(_ bucket: String, prefix: String = "", port: Int? = nil) throws -> S3Place {
        try S3Place(
            url: "http://127.0.0.1:\(port ?? self.port)", bucket: bucket, prefix: prefix,
            credentials: S3Credentials(accessKeyID: user.accessKeyID, secretAccessKey: user.secretAccessKey))
    }

    /// Makes a bucket, with object lock if asked for, and returns its name.
    ///
    /// `retentionDays` locks every new object for so long.
    public func makeBucket(
        _ engine: HTTPEngine, objectLock: Bool = false, retentionDays: Int? = nil
    ) async throws -> String {
        let name = "bucket-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        var request = S3Request("PUT")
        if objectLock || retentionDays != nil { request.headers = [("x-amz-bucket-object-lock-enabled", "true")] }
        let client = S3Client(try place(name), engine: engine, options: S3Options())
        try await client.send(request)
        if let retentionDays {
            var rule = S3Request("PUT", query: ["object-lock": ""])
            rule.setBody(
                Array(
                    """
                    <ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>\
                    <Mode>COMPLIANCE</Mode><Days>\(retentionDays)</Days></DefaultRetention></Rule>\
                    </ObjectLockConfiguration>
                    """.utf8))
            try await client.send(rule)
        }
        return name
    }

    /// The names of all objects in a bucket, and of those that uploads are under way for.
    public func names(in bucket: String, _ engine: HTTPEngine) async throws -> (objects: [String], uploads: [String]) {
        let listing = S3Listing(client: S3Client(try place(bucket), engine: engine, options: S3Options()))
        let objects = try await listing.objects(below: "").map(\.name)
        return (objects, try await listing.uploads(below: "").map(\.name))
    }

    /// Ends all processes and waits until they are gone.
    public func stop() async throws {
        for process in processes.withLock({ $0.values.map { $0 } }) {
            process.signal(SIGKILL)
            try await process.waitForExit()
        }
        processes.withLock { $0 = [:] }
    }

    /// Ends the gateway at once, as a crash does; what is stored stays.
    public func killGateway() async throws {
        guard let gateway = processes.withLock({ $0.removeValue(forKey: "rgw") }) else { return }
        gateway.signal(SIGKILL)
        try await gateway.waitForExit()
    }

    /// Starts the gateway, again after `killGateway`, and waits until it answers.
    public func startGateway() async throws {
        try await launch("rgw", "radosgw", "-n", "client.rgw", "-f")
        try await eventually("the S3 gateway answers", timeout: .seconds(60)) {
            try await LoopbackHTTP.get(port: port, path: "/").status == 200
        }
    }

    /// Freezes the gateway: connections are taken by the kernel and nothing answers.
    public func pauseGateway() { signal("rgw", SIGSTOP) }
    /// Lets the gateway go on.
    public func resumeGateway() { signal("rgw", SIGCONT) }
    /// Freezes the store behind the gateway: requests are read and never answered.
    public func pauseStore() { signal("osd", SIGSTOP) }
    /// Lets the store go on.
    public func resumeStore() { signal("osd", SIGCONT) }

    /// Takes all rights away from the user, or gives them back.
    public func suspendUser(_ isSuspended: Bool = true) async throws {
        try await administer("user", isSuspended ? "suspend" : "enable", "--uid=\(user.name)")
    }

    // MARK: How it is started

    private func prepare() async throws {
        let ports = try FreePort.next(2)
        let (cluster, store) = (Self.uuid(), Self.uuid())
        let monitor = "[v2:127.0.0.1:\(ports[0]),v1:127.0.0.1:\(ports[1])]"
        for name in ["mon", "osd", "rgw", "run"] {
            guard mkdir(file(name), 0o700) == 0 else { throw TestSupportError(call: "mkdir", code: errno) }
        }
        try writeFile(Array(configuration(cluster, monitor, ports[0]).utf8), to: file("ceph.conf"))
        let keys = file("keyring")
        try await run("ceph-authtool", "--create-keyring", keys, "--gen-key", "-n", "mon.", "--cap", "mon", "allow *")
        for (name, rights) in [
            ("client.admin", ["mon", "allow *", "osd", "allow *", "mgr", "allow *"]),
            ("osd.0", ["mon", "allow profile osd", "osd", "allow *"]),
            ("client.rgw", ["mon", "allow rwx", "osd", "allow rwx"]),
        ] {
            let caps = stride(from: 0, to: rights.count, by: 2).flatMap { ["--cap", rights[$0], rights[$0 + 1]] }
            try await run("ceph-authtool", [keys, "--gen-key", "-n", name] + caps)
        }
        try await run("monmaptool", "--create", "--fsid", cluster, "--addv", "a", monitor, file("monmap"))
        try await ceph("ceph-mon", "--mkfs", "-i", "a", "--monmap", file("monmap"), "--keyring", keys)
        try await launch("mon", "ceph-mon", "-i", "a", "-f")
        try await ceph("ceph", "osd", "new", store, "0")
        try await ceph("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", store)
        try await launch("osd", "ceph-osd", "-i", "0", "-f")
    }

    /// cephx stays on, without it the gateway hangs; the two `paxos` lines make the start ten times as fast.
    private func configuration(_ cluster: String, _ monitor: String, _ monitorPort: Int) -> String {
        """
        [global]
        fsid = \(cluster)
        keyring = \(file("keyring"))
        mon host = \(monitor)
        osd pool default size = 1
        osd pool default min size = 1
        mon allow pool size one = true
        osd pool default pg num = 4
        osd pool default pgp num = 4
        osd pool default pg autoscale mode = off
        osd crush chooseleaf type = 0
        auth allow insecure global id reclaim = false
        run dir = \(file("run"))
        log file = \(file("run"))/$name.log
        admin socket = \(file("run"))/$name.asok
        pid file = \(file("run"))/$name.pid
        public network = 127.0.0.0/8
        ms bind ipv6 = false
        paxos propose interval = 0.05
        paxos min wait = 0.01
        [mon.a]
        mon data = \(file("mon"))
        public addr = 127.0.0.1:\(monitorPort)
        [osd.0]
        osd data = \(file("osd"))
        osd objectstore = memstore
        memstore device bytes = 1073741824
        [client.rgw]
        rgw frontends = beast endpoint=127.0.0.1:\(port)
        rgw data = \(file("rgw"))

        """
    }

    private func administer(_ arguments: String...) async throws {
        try await run("radosgw-admin", ["-c", file("ceph.conf"), "-n", "client.rgw"] + arguments)
    }

    private func ceph(_ program: String, _ arguments: String...) async throws {
        try await run(program, ["-c", file("ceph.conf")] + arguments)
    }

    private func run(_ program: String, _ arguments: String...) async throws { try await run(program, arguments) }

    private func run(_ program: String, _ arguments: [String]) async throws {
        let result = try await ChildProcess.run("/usr/bin/\(program)", arguments, timeout: .seconds(60))
        guard result.status == 0 else {
            throw TestSupportError("\(program) ended with \(result.status): \(result.errors.suffix(1000))")
        }
    }

    private func launch(_ name: String, _ program: String, _ arguments: String...) async throws {
        let process = try await ChildProcess.start(
            "/usr/bin/\(program)", ["-c", file("ceph.conf")] + arguments, output: file("\(name).log"))
        processes.withLock { $0[name] = process }
    }

    private func signal(_ name: String, _ number: Int32) { processes.withLock { $0[name] }?.signal(number) }

    private func file(_ name: String) -> String { directory.file(name) }

    private static func uuid() -> String {
        let digits = (0..<32).map { _ in String(Int.random(in: 0..<16), radix: 16) }.joined()
        let cuts = [8, 12, 16, 20, 32]
        return zip([0] + cuts, cuts).map { start, end in
            String(digits.dropFirst(start).prefix(end - start))
        }.joined(separator: "-")
    }
}

/// Runs `body` with a real S3 server that is ended in all cases.
public func withRealS3<Result>(_ body: (RealS3) async throws -> Result) async throws -> Result {
    let server = try await RealS3.start()
    do {
        let result = try await body(server)
        try await server.stop()
        return result
    } catch {
        try? await server.stop()  // The first error is the one to tell.
        throw error
    }
}
