import Glibc
import TestSupport
import Testing

/// What `make install` puts where, and kubectl with its plugin.
@Suite(.timeLimit(.minutes(5)))
struct InstallTests {
    private static let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

    /// Installs the executable of these tests below a directory.
    private func make(_ target: String, _ directory: String) async throws -> ChildProcess.Output {
        try await ChildProcess.run(
            "/usr/bin/make",
            [
                "-C", Self.root, target, "PREFIX=/usr", "DESTDIR=\(directory)", "BUILT=\(ControllerFixture.executable)",
            ])
    }

    @Test("make install brings everything, and make uninstall takes all of it away")
    func install() async throws {
        try await withTemporaryDirectory { directory in
            let installed = try await make("install", directory)
            #expect(installed.status == 0, "\(installed.errors)")
            for file in [
                "bin/lodestone", "bin/kubectl-lodestone", "bin/kubectl_complete-lodestone",
                "share/man/man1/lodestone.1",
                "share/bash-completion/completions/lodestone", "share/zsh/site-functions/_lodestone",
                "share/fish/vendor_completions.d/lodestone.fish", "lib/systemd/system/lodestone.service",
            ] {
                #expect(access("\(directory)/usr/\(file)", R_OK) == 0, "\(file)")
            }
            #expect(readTextFile("\(directory)/usr/share/man/man1/lodestone.1")?.hasPrefix(".TH LODESTONE 1") == true)
            let unit = readTextFile("\(directory)/usr/lib/systemd/system/lodestone.service")
            #expect(unit?.contains("ExecStart=/usr/bin/lodestone controller") == true)
            let gone = try await make("uninstall", directory)
            #expect(gone.status == 0)
            let left = try await ChildProcess.run("/usr/bin/find", [directory, "!", "-type", "d"])
            #expect(left.output.isEmpty, "\(left.output)")
        }
    }

    @Test("kubectl lodestone works with kubectl's server, and completes", .enabled(if: hasKubectl, "no kubectl here"))
    func plugin() async throws {
        try await withTemporaryDirectory { directory in
            #expect(try await make("install", directory).status == 0)
            try await ControllerFixture.run { controller, _ in
                func kubectl(_ arguments: String...) async throws -> ChildProcess.Output {
                    try await ChildProcess.run(
                        "/usr/bin/kubectl", arguments,
                        environment: [
                            "PATH": "\(directory)/usr/bin:/usr/bin:/bin", "HOME": directory,
                            "KUBECONFIG": controller.data + "/kubeconfig",
                        ])
                }
                #expect(try await kubectl("lodestone", "get", "ns", "-o", "name").output == "namespace/default\n")
                let wrong = try await kubectl("lodestone", "get", "pods")
                #expect(wrong.status == 2 && wrong.errors.contains("See \"kubectl lodestone get --help\"."), "\(wrong)")
                let usage = try await kubectl("lodestone", "report", "--help")
                #expect(usage.output.contains("Usage: kubectl lodestone report [options]"))
                let words = try await kubectl("__complete", "lodestone", "get", "ns", "d")
                #expect(words.output == "default\n:4\n", "\(words)")
            }
        }
    }

    private static var hasKubectl: Bool { access("/usr/bin/kubectl", X_OK) == 0 }
}
