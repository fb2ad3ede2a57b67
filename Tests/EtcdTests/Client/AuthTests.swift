import Etcd
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct AuthTests {
    private static let root = EtcdCredentials(user: "root", password: "root-secret")
    private static let reader = EtcdCredentials(user: "reader", password: "reader-secret")

    /// Runs `body` with a cluster that asks for passwords; `reader` may only read what begins with `public/`.
    private func withSecuredEtcd(
        _ version: RealEtcd.Version = .v3_4, _ body: (RealEtcd) async throws -> Void
    ) async throws {
        try await withRealEtcd(version: version, extraArguments: ["--bcrypt-cost", "4"]) { etcd in
            let client = try etcd.client()
            try await client.put("public/a", "1")
            try await client.put("private/a", "2")
            try await client.userAdd("root", password: Self.root.password)
            try await client.userGrantRole("root", role: "root")
            try await client.roleAdd("reader")
            try await client.roleGrantPermission("reader", EtcdPermission(.read, on: .prefix("public/")))
            try await client.userAdd("reader", password: Self.reader.password)
            try await client.userGrantRole("reader", role: "reader")
            try await client.authEnable()
            try await body(etcd)
        }
    }

    @Test(
        "Users may do what their roles say, and nobody may do anything without a name",
        arguments: RealEtcd.availableVersions)
    func permissions(_ version: RealEtcd.Version) async throws {
        try await withSecuredEtcd(version) { etcd in
            let stranger = try etcd.client()
            #expect(await code { try await stranger.get("public/a") } == .unauthenticated)
            #expect(await code { try await stranger.defragment() } == .unauthenticated)

            let reader = try etcd.client(0, Self.reader)
            #expect(try await reader.get("public/a")?.valueText == "1")
            #expect(await code { try await reader.get("private/a") } == .permissionDenied)
            #expect(await code { try await reader.put("public/a", "x") } == .permissionDenied)
            #expect(await code { try await reader.users() } == .permissionDenied)
            #expect(await code { try await reader.defragment() } == .permissionDenied)

            let liar = try etcd.client(0, EtcdCredentials(user: "reader", password: "wrong-secret"))
            let error = await #expect(throws: EtcdError.self) { try await liar.get("public/a") }
            #expect(error?.code == .wrongPassword)
            #expect(error?.isRetryable == false)
            #expect(error.map { !"\($0)".contains("secret") } == true)

            let root = try etcd.client(0, Self.root)
            #expect(Set(try await root.users()) == ["root", "reader"])
            #expect(try await root.roles() == ["reader"])
            #expect(try await root.userRoles("reader") == ["reader"])
            let granted = EtcdPermission(.read, on: .prefix("public/"))
            #expect(try await root.rolePermissions("reader") == [granted])
            if version == .v3_5 { #expect(try await root.authStatus().isEnabled) }

            try await root.roleRevokePermission("reader", on: granted.range)
            #expect(await code { try await reader.get("public/a") } == .permissionDenied)
            try await root.roleGrantPermission("reader", EtcdPermission(.readWrite, on: .key("public/a")))
            try await reader.put("public/a", "by reader")
            try await root.userChangePassword("reader", password: "other")
            #expect(await code { try await reader.get("public/a") } == .wrongPassword)
            try await root.userRevokeRole("reader", role: "reader")
            #expect(await code { try await root.userRevokeRole("reader", role: "reader") } == .authPrecondition)
            try await root.userDelete("reader")
            try await root.roleDelete("reader")
            #expect(await code { try await root.userRoles("reader") } == .authPrecondition)
            #expect(await code { try await root.userRoles("") } == .invalidArgument)
            try await root.authDisable()
            #expect(try await stranger.get("private/a")?.valueText == "2")
            // Credentials do no harm where nobody asks for them.
            #expect(try await etcd.client(0, Self.root).get("private/a") != nil)
        }
    }

    @Test(
        "A member that forgot its tokens gets new ones, for calls and for watches",
        arguments: RealEtcd.availableVersions)
    func forgottenTokens(_ version: RealEtcd.Version) async throws {
        try await withSecuredEtcd(version) { etcd in
            let root = try etcd.client(0, Self.root)
            let reader = try etcd.client(0, Self.reader)
            let start = try await root.put("public/b", "1").header.revision
            #expect(try await reader.get("public/b") != nil)
            try await reader.withWatchStream { stream in
                let watch = stream.watch(.prefix("public/"), from: start)
                #expect(try await watch.next().events.first?.keyValue.keyText == "public/b")
                try await etcd.restart(0)
                #expect(try await reader.get("public/b") != nil)
                let next = try await root.put("public/c", "1").header.revision
                let batch = try await watch.next()
                #expect(batch.revision == next)
                // What the user may not see is refused, and the others go on.
                let forbidden = stream.watch(.prefix("private/"), from: start)
                #expect(await code { try await forbidden.next() } == .permissionDenied)
                let last = try await root.put("public/d", "1").header.revision
                let lastBatch = try await watch.next()
                #expect(lastBatch.revision == last)
            }
            #expect(try await root.hashKV().hash != 0)
            try await etcd.restart(0)
            // The Maintenance service has errors of its own for a forgotten token.
            try await root.defragment()
        }
    }
}
