@testable import Client
import Glibc
import Model
import TestSupport
import Testing

struct CredentialProgramTests {
    private static let version = "client.authentication.k8s.io/v1"

    /// A program of a kubeconfig whose command is a shell script beside it.
    private func program(
        _ script: String, in directory: String, extra: Value = [:], command: String = "./login"
    ) throws -> CredentialProgram {
        try writeTextFile("\(directory)/login", "#!/bin/sh\n\(script)\n", mode: 0o755)
        let file = KubeconfigFile(path: "\(directory)/config", shownAs: "config")
        let entry = (["command": .string(command), "apiVersion": .string(Self.version)] as Value).merging(patch: extra)
        return try CredentialProgram(
            entry, of: KubeconfigSet.Entry(name: "u", content: ["exec": entry], file: file))
    }

    private static func answer(_ status: String) -> String {
        #"echo '{"apiVersion": "\#(version)", "kind": "ExecCredential", "status": {\#(status)}}'"#
    }

    @Test("A program gives a token, and is told what it is asked and what the kubeconfig says")
    func token() async throws {
        try await withTemporaryDirectory { directory in
            let script = """
                test "$1" = --for && test "$2" = me && test "$WHO" = me || exit 9
                case "$KUBERNETES_EXEC_INFO" in *'"kind":"ExecCredential"'*'"interactive":false'*) ;; *) exit 8 ;; esac
                read line && exit 7
                \(Self.answer(#""token": "abc", "expirationTimestamp": "2030-01-01T00:00:00Z""#))
                """
            let program = try program(
                script, in: directory,
                extra: ["args": ["--for", "me"], "env": [["name": "WHO", "value": "me"]], "interactiveMode": "Never"])
            let answer = try await program.run(in: TestSession(in: directory).session())
            #expect(answer.token == "abc")
            #expect(answer.expires == Timestamp("2030-01-01T00:00:00Z"))
        }
    }

    @Test(
        "A program that fails is named with what went wrong",
        arguments: [
            ("exit 3", "ended with code 3"), ("echo hello", "did not print an ExecCredential"),
            (#"echo '{"kind": "ExecCredential"}'"#, "answered in version \"\""),
            (answer(""), "gave neither a token nor a certificate"),
            (answer(#""clientCertificateData": "x""#), "gave a certificate without its key"),
            (answer(#""token": "t", "expirationTimestamp": "soon""#), "expires at \"soon\", which is no time"),
            ("yes", "printed more than 1 MiB"),
        ])
    func failures(script: String, reason: String) async throws {
        try await withTemporaryDirectory { directory in
            let program = try program(script, in: directory)
            let error = await #expect(throws: CommandFailure.self) {
                try await program.run(in: TestSession(in: directory).session())
            }
            #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
            #expect(error?.description.contains("\(directory)/./login of the kubeconfig config") == true)
        }
    }

    @Test("A program that is not there is told with the hint of the kubeconfig")
    func missing() async throws {
        try await withTemporaryDirectory { directory in
            let program = try program(
                "", in: directory, extra: ["installHint": "get it from the shop"], command: "no-such-login")
            let error = await #expect(throws: CommandFailure.self) {
                try await program.run(in: TestSession(in: directory).session())
            }
            #expect(error?.description.hasSuffix("is not installed; get it from the shop") == true)
        }
    }

    @Test("A program that does not answer is ended, with what it started of its own left alone")
    func hanging() async throws {
        try await withTemporaryDirectory { directory in
            let program = try program("exec sleep 600", in: directory)
            let session = TestSession(in: directory, environment: ["PATH": "/usr/bin:/bin"]).session()
            let began = ContinuousClock.now
            let error = await #expect(throws: CommandFailure.self) {
                try await program.run(in: session, limit: .milliseconds(300))
            }
            #expect(error?.description.contains("has not answered after 300ms") == true)
            #expect(ContinuousClock.now - began < .seconds(20))
        }
    }

    @Test("A token is asked for once, and again when it has expired or was refused")
    func renewal() async throws {
        try await withTemporaryDirectory { directory in
            let script = """
                echo x >> \(directory)/calls
                n=$(wc -l < \(directory)/calls)
                echo '{"apiVersion": "\(Self.version)", "kind": "ExecCredential", "status":' \
                    '{"token": "t'$n'", "expirationTimestamp": "2026-01-01T00:0'$n':00Z"}}'
                """
            let program = try program(script, in: directory)
            func keeper(_ now: String) -> CredentialKeeper {
                let session = TestSession(
                    in: directory, environment: ["PATH": "/usr/bin:/bin"], now: Timestamp(now)
                ).session()
                return CredentialKeeper(.program(program), in: session)
            }
            let young = keeper("2026-01-01T00:00:00Z")
            #expect(try await young.authorization() == "Bearer t1")
            #expect(try await young.authorization() == "Bearer t1")
            #expect(try await young.renewAfterRefusal())
            #expect(try await young.authorization() == "Bearer t2")
            let old = keeper("2026-01-01T00:03:30Z")
            #expect(try await old.authorization() == "Bearer t3")
            #expect(try await old.authorization() == "Bearer t4")
            #expect(try await old.authorization() == "Bearer t4")
        }
    }
}
