@testable import API
import Crypto
import Glibc
import Model
import Telemetry
import TestSupport
import Testing
import Transport

/// The record of who did what.
@Suite(.timeLimit(.minutes(5)))
struct AuditTests {
    /// A server that writes to a log in a directory of its own.
    private struct Audited {
        let api: APIFixture
        let path: String
        let log: AuditLog
        let directory: TemporaryDirectory
    }

    private static func fixture(
        _ adjust: (inout AuditLog.Options) -> Void = { _ in },
        server: (inout APIServer.Options) -> Void = { _ in }
    ) async throws -> Audited {
        let directory = try TemporaryDirectory("audit")
        var options = AuditLog.Options(path: directory.file("log/audit.log"))
        adjust(&options)
        let log = try await AuditLog(options, metrics: MetricsRegistry())
        let api = try await APIFixture { options in
            options.audit = log
            server(&options)
        }
        return Audited(api: api, path: options.path, log: log, directory: directory)
    }

    private static func lines(_ path: String) throws -> [Value] {
        try (readTextFile(path) ?? "").split(separator: "\n").map { try Value(json: Array($0.utf8)) }
    }

    @Test("A write is in the file when its answer goes out, with who, what, where from and what came of it")
    func writes() async throws {
        let audited = try await Self.fixture()
        let (api, path) = (audited.api, audited.path)
        let otto = try await api.makeToken("otto", user: "otto", groups: ["ops"], role: "operator")
        let answer = try await api.call(
            "POST", Sample.clusters, Sample.cluster("demo"), headers: ["User-Agent": "kubectl/v1.32"], token: otto,
            client: HTTPServerClient(address: "10.1.2.3"))
        let last = try #require(try Self.lines(path).last)
        #expect(last["id"]?.string == answer.header("Audit-Id") && answer.header("Audit-Id")?.count == 36)
        #expect(
            last["user"] == "otto" && last["groups"] == ["ops", "system:authenticated"] && last["by"] == "token/otto")
        #expect(last["address"] == "10.1.2.3" && last["agent"] == "kubectl/v1.32" && last["verb"] == "create")
        #expect(
            last["group"] == "lodestone.dev" && last["resource"] == "etcdclusters" && last["namespace"] == "default")
        #expect(last["status"] == 201 && last["milliseconds"] != nil && last["name"] == nil)
        _ = try await api.call("DELETE", "\(Sample.clusters)/demo", token: otto)
        let deletion = try #require(try Self.lines(path).last)
        #expect(deletion["verb"] == "delete" && deletion["name"] == "demo" && deletion["status"] == 200)
        _ = try await api.call("PATCH", "\(Sample.clusters)/none/status", [:], type: "application/merge-patch+json")
        let failure = try #require(try Self.lines(path).last)
        #expect(
            failure["subresource"] == "status" && failure["status"] == 404 && failure["reason"] == "NotFound"
                && failure["by"] == "admin-token")
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
    }

    @Test(
        "Refusals and looks at Secrets are told, other reads only where everything is", arguments: AuditLevel.allCases)
    func levels(level: AuditLevel) async throws {
        let audited = try await Self.fixture { $0.level = level }
        let (api, path) = (audited.api, audited.path)
        let vera = try await api.makeToken("vera", user: "vera", role: "viewer")
        let before = try Self.lines(path).count
        for (method, target, token) in [
            ("GET", "\(Sample.clusters)?labelSelector=a=b&resourceVersion=0&x=hidden", vera), ("GET", "/livez", vera),
            ("GET", "/api", vera),
            ("GET", Sample.secrets, vera), ("DELETE", "\(Sample.clusters)/x", vera), ("GET", "/api", "wrong"),
            ("GET", "/nope", vera),
        ] {
            _ = try await api.call(method, target, token: token)
        }
        await audited.log.close()
        let told = try Self.lines(path).dropFirst(before).map {
            "\($0["verb"]?.string ?? "") \($0["path"]?.string ?? "") \($0["status"]?.integer ?? 0)"
        }
        let always = ["list \(Sample.secrets) 200", "delete \(Sample.clusters)/x 403", "get /api 401"]
        switch level {
        case .changes: #expect(told == always)
        case .all: #expect(told.count == 7 && always.allSatisfy(told.contains))
        }
        let text = readTextFile(path) ?? ""
        #expect(!text.contains("hidden") && text.contains(#""labelSelector":"a=b""#) == (level == .all))
        #expect(!text.contains("wrong") && !text.contains(vera))
    }

    @Test("No body, secret or token is ever in the log")
    func secrets() async throws {
        let audited = try await Self.fixture { $0.level = .all }
        let (api, path) = (audited.api, audited.path)
        let token = try await api.makeToken("t", user: "u", role: "operator")
        let value = "dmVyeS1wcml2YXRl"
        for (method, target, body) in [
            ("POST", Sample.secrets, Sample.secret("s", ["data": ["password": .string(value)]])),
            ("PUT", "\(Sample.secrets)/s", Sample.secret("s", ["data": ["password": .string(value)]])),
            ("GET", "\(Sample.secrets)/s?token=\(value)", [:]), ("DELETE", "\(Sample.secrets)/s", [:]),
        ] as [(String, String, Value)] {
            _ = try await api.call(method, target, body, token: token)
        }
        await audited.log.close()
        let text = readTextFile(path) ?? ""
        #expect(
            text.contains("secrets") && !text.contains(value) && !text.contains(token)
                && !text.contains(APIFixture.token))
        #expect(!text.contains(BearerSecret.digest(of: token)))
    }

    @Test("A line of a client's making stays one line")
    func injection() async throws {
        let audited = try await Self.fixture()
        let (api, path) = (audited.api, audited.path)
        _ = try await api.call(
            "POST", Sample.clusters, [:],
            headers: ["User-Agent": "a\n{\"user\":\"admin\"}\u{7F}" + String(repeating: "x", count: 5_000)])
        let lines = try Self.lines(path)
        #expect(lines.count == 1 && (lines[0]["agent"]?.string ?? "").count == 256)
    }

    @Test("Files rotate by their size, the oldest goes, and no line is torn")
    func rotation() async throws {
        let audited = try await Self.fixture { options in
            options.fileSize = 2_000
            options.fileCount = 3
        }
        let (api, path) = (audited.api, audited.path)
        for number in 0..<40 {
            _ = try await api.call("DELETE", "\(Sample.clusters)/c\(number)")
        }
        await audited.log.close()
        var names: [String] = []
        for file in ["audit.log.3", "audit.log.2", "audit.log.1", "audit.log"] {
            let lines = try Self.lines(audited.directory.file("log/\(file)"))
            #expect(lines.isEmpty == (file == "audit.log.3"), "\(file)")
            names += lines.compactMap { $0["name"]?.string }
        }
        #expect(names.last == "c39" && names == names.sorted { Int($0.dropFirst()) ?? 0 < Int($1.dropFirst()) ?? 0 })
        #expect(readTextFile(path)?.hasSuffix("\n") == true)
    }

    @Test("A log that cannot be written is told, loses lines, holds nobody up, and goes on when it can")
    func trouble() async throws {
        let audited = try await Self.fixture()
        let (api, path) = (audited.api, audited.path)
        #expect(audited.log.findings.isEmpty)
        // A directory in the place of the file is what nobody can write, not even root.
        unlink(path)
        mkdir(path, 0o700)
        #expect(try await api.call("POST", Sample.clusters, Sample.cluster("a")).status == 201)
        let finding = try #require(audited.log.findings.first)
        #expect(
            finding.code == "AuditLogIncomplete" && finding.severity == .critical
                && finding.message.contains("1 lines are lost"))
        rmdir(path)
        #expect(try await api.call("POST", Sample.clusters, Sample.cluster("b")).status == 201)
        #expect(audited.log.findings.isEmpty)
        #expect(try Self.lines(audited.directory.file("log/audit.log")).count == 1)
    }

    @Test("A full disk is told and holds nobody up")
    func fullDisk() async throws {
        // Every write to this device fails with "no space left", as on a full disk.
        let log = AuditFile(path: "/dev/full", size: 1_000, count: 2)
        #expect(await log.append(Array("x\n".utf8)) == "No space left on device")
    }

    @Test("Somebody who knocks all day does not push everything else out of the log")
    func knocking() async throws {
        let audited = try await Self.fixture()
        let (api, path) = (audited.api, audited.path)
        for _ in 0..<400 {
            _ = try await api.call("GET", "/api", token: "wrong", client: HTTPServerClient(address: "10.0.0.9"))
        }
        _ = try await api.call("DELETE", "\(Sample.clusters)/x")
        await audited.log.close()
        let lines = try Self.lines(path)
        #expect(lines.count < 250 && lines.last?["verb"] == "delete")
    }

    @Test("A log that cannot be opened is a reason not to start")
    func unusable() async throws {
        await #expect(throws: CredentialsError.self) {
            _ = try await AuditLog(AuditLog.Options(path: "/proc/nowhere/audit.log"), metrics: MetricsRegistry())
        }
    }

    @Test("Requests refused before anybody looked at them are told, without query and body")
    func unread() async throws {
        let audited = try await Self.fixture { _ in
        } server: {
            $0.listener.bodyLimit = 1_000
        }
        let path = audited.path
        try await audited.api.serving { server in
            func curl(_ arguments: String...) async throws -> String {
                try await ChildProcess.run(
                    "/usr/bin/curl",
                    ["-sS", "--noproxy", "*", "--max-time", "20", "-o", "/dev/null", "-w", "%{http_code}", "-A", "t/1"]
                        + arguments
                ).output
            }
            let wide = "X-Wide: " + String(repeating: "w", count: 20_000)
            let large = "secret-body " + String(repeating: "b", count: 2_000)
            #expect(try await curl("-d", large, "\(server.url)\(Sample.secrets)?token=hidden") == "413")
            #expect(try await curl("\(server.url)/%ff?token=hidden") == "400")
            #expect(try await curl("-H", wide, "\(server.url)/wide?token=hidden") == "431")
            try await eventually("all are told") { try Self.lines(path).count == 3 }
        }
        let told = try Self.lines(path)
        #expect(
            told.map { "\($0["status"]?.integer ?? 0) \($0["verb"]?.string ?? "") \($0["path"]?.string ?? "")" }
                == ["413 post \(Sample.secrets)", "400 get /%ff", "431  /wide"])
        #expect(told.allSatisfy { $0["address"] == "127.0.0.1" && $0["message"]?.string?.isEmpty == false })
        #expect(told[0]["agent"] == "t/1" && told[0]["reason"] == "RequestEntityTooLarge" && told[0]["user"] == nil)
        let text = readTextFile(path) ?? ""
        #expect(!text.contains("hidden") && !text.contains("secret-body") && !text.contains("www"))
    }

    @Test("Refused requests of one address do not push everything else out of the log")
    func unreadFlood() async throws {
        let audited = try await Self.fixture()
        let refused = AuditEntry(
            HTTPRefusedRequest(
                method: "GET", rawPath: "/", client: HTTPServerClient(address: "10.0.0.9"), status: 413,
                reason: "too large"), at: .now)
        for _ in 0..<400 { audited.log.note(refused) }
        await audited.log.close()
        #expect(try Self.lines(audited.path).count < 250)
    }
}
