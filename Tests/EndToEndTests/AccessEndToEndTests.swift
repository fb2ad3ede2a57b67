import Glibc
import Model
import TestSupport
import Testing

/// The executable before clients it must not trust.
@Suite(.timeLimit(.minutes(5)))
struct AccessEndToEndTests {
    private static func curl(_ arguments: String...) async throws -> ChildProcess.Output {
        try await ChildProcess.run(
            "/usr/bin/curl", ["-sS", "--noproxy", "*", "--max-time", "20", "-w", "%{http_code}"] + arguments)
    }

    @Test("Beyond loopback it is served with TLS and to known clients, and every step of theirs is written down")
    func open() async throws {
        let directory = try TemporaryDirectory("open")
        let (data, port) = (directory.file("data"), try FreePort.next())
        let controller = try await ChildProcess.start(
            ControllerFixture.executable,
            ["controller", "--data-dir", data, "--listen", "0.0.0.0:\(port)", "--server-name", "fleet.example"],
            output: directory.file("log"))
        do {
            let url = "https://fleet.example:\(port)"
            let trust = ["--cacert", data + "/api/ca.crt", "--resolve", "fleet.example:\(port):127.0.0.1"]
            try await eventually("it serves", timeout: .seconds(60)) {
                try await Self.curl(trust[0], trust[1], trust[2], trust[3], url + "/readyz").output.hasPrefix("ok")
            }
            let plain = try await Self.curl("http://127.0.0.1:\(port)/api/v1/secrets")
            #expect(plain.status != 0 || plain.output.hasSuffix("000"), "\(plain)")
            let nobody = try await Self.curl(trust[0], trust[1], trust[2], trust[3], url + "/api/v1/secrets")
            #expect(nobody.output.hasSuffix("401"), "\(nobody)")

            func lodestone(_ kubeconfig: String, _ arguments: String...) async throws -> ChildProcess.Output {
                try await ChildProcess.run(
                    ControllerFixture.executable, arguments,
                    environment: ["PATH": "/usr/bin:/bin", "HOME": directory.path, "LODESTONE_KUBECONFIG": kubeconfig])
            }
            let own = data + "/kubeconfig"
            let theirs = directory.file("vera.yaml")
            let made = try await lodestone(own, "kubeconfig", "--user", "vera", "--token-name", "vera", "-o", theirs)
            #expect(made.status == 0, "\(made)")
            let binding = directory.file("binding.yaml")
            try writeTextFile(
                binding,
                """
                apiVersion: lodestone.dev/v1alpha1
                kind: RoleBinding
                metadata: {name: viewers}
                spec: {role: viewer, subjects: [{kind: User, name: vera}]}
                """)
            #expect(try await lodestone(theirs, "get", "ec").errors.contains("cannot list resource"))
            let bound = try await lodestone(own, "apply", "-f", binding)
            #expect(bound.status == 0, "\(bound)")
            #expect(try await lodestone(theirs, "get", "ec").status == 0)
            #expect(try await lodestone(theirs, "delete", "ec", "x").errors.contains("cannot delete resource"))
            let roles = try await lodestone(own, "get", "roles")
            #expect(["viewer", "operator", "admin"].allSatisfy { roles.output.contains($0) }, "\(roles)")
            #expect(try await lodestone(own, "token", "revoke", "vera").status == 0)
            #expect(try await lodestone(theirs, "get", "ec").errors.contains("was revoked"))

            let log = readTextFile(data + "/audit/audit.log") ?? ""
            for part in [#""status":401"#, #""user":"vera""#, #""verb":"delete""#, #""resource":"rolebindings""#] {
                #expect(log.contains(part), "\(part)")
            }
        } catch {
            print(readTextFile(directory.file("log")) ?? "")
            try? await controller.end()  // The first error is the one to tell.
            throw error
        }
        try await controller.end()
    }

    @Test("What would open it is refused at the start")
    func refused() async throws {
        let directory = try TemporaryDirectory("refused")
        let (certificate, key) = (directory.file("tls.crt"), directory.file("tls.key"))
        let made = try await ChildProcess.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj",
                "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate,
            ])
        #expect(made.status == 0, "\(made.errors)")
        func start(_ arguments: String...) async throws -> ChildProcess.Output {
            try await ChildProcess.run(
                ControllerFixture.executable,
                ["controller", "--data-dir", directory.file("data"), "--listen", "127.0.0.1:\(try FreePort.next())"]
                    + arguments, timeout: .seconds(60))
        }
        chmod(key, 0o644)
        let open = try await start("--tls-certificate", certificate, "--tls-key", key)
        #expect(open.status != 0 && open.errors.contains("everybody on this machine may use the key"), "\(open)")
        chmod(key, 0o600)
        let half = try await start("--tls-certificate", certificate)
        #expect(half.status != 0 && half.errors.contains("go together"), "\(half)")
        let foreign = try await start("--client-ca", key)
        #expect(foreign.status != 0 && foreign.errors.contains(key), "\(foreign)")
        let nowhere = try await start("--audit-log", "/proc/none/audit.log")
        #expect(nowhere.status != 0 && nowhere.errors.contains("/proc/none"), "\(nowhere)")
        for option in ["--insecure", "--no-tls", "--no-auth", "--anonymous"] {
            #expect(try await start(option).errors.contains("unknown option"), "\(option)")
        }
    }
}
