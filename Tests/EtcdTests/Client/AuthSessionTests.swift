import Synchronization
import TestSupport
import Testing

@testable import Etcd

@Suite(.timeLimit(.minutes(5)))
struct AuthSessionTests {
    /// A server that gives tokens when it is told to, and counts how often it is asked.
    private actor Server {
        private(set) var asked = 0
        private var waiting: [CheckedContinuation<Result<String, EtcdError>, Never>] = []

        func authenticate() async -> Result<String, EtcdError> {
            asked += 1
            return await withCheckedContinuation { waiting.append($0) }
        }

        func answer(_ result: Result<String, EtcdError>) {
            for continuation in waiting { continuation.resume(returning: result) }
            waiting = []
        }
    }

    private func makeSession(_ server: Server) -> AuthSession {
        AuthSession { () async throws(EtcdError) in try await server.authenticate().get() }
    }

    @Test("Concurrent calls share one authentication")
    func sharing() async throws {
        let server = Server()
        let session = makeSession(server)
        try await withThrowingTaskGroup(of: AuthSession.Token.self) { group in
            for _ in 0..<50 { group.addTask { try await session.token() } }
            try await eventually("somebody authenticates") { await server.asked == 1 }
            await server.answer(.success("abc"))
            var tokens: [AuthSession.Token] = []
            for try await token in group { tokens.append(token) }
            #expect(tokens.allSatisfy { $0 == tokens[0] })
            #expect(tokens[0].metadata.map(\.value) == ["abc"])
        }
        #expect(await server.asked == 1)
    }

    @Test("A token that is refused is replaced once, however many calls it was refused to")
    func renewal() async throws {
        let server = Server()
        let session = makeSession(server)
        async let first = session.token()
        try await eventually("somebody authenticates") { await server.asked == 1 }
        await server.answer(.success("old"))
        let old = try await first
        try await withThrowingTaskGroup(of: AuthSession.Token.self) { group in
            for _ in 0..<20 { group.addTask { try await session.token(afterRefusalOf: old) } }
            try await eventually("somebody authenticates again") { await server.asked == 2 }
            await server.answer(.success("new"))
            for try await token in group { #expect(token.metadata.map(\.value) == ["new"]) }
        }
        #expect(try await session.token(afterRefusalOf: old).metadata.map(\.value) == ["new"])
        #expect(await server.asked == 2)
    }

    @Test("A failure is told to all that wait, and the next call tries again")
    func failure() async throws {
        let server = Server()
        let session = makeSession(server)
        async let outcome = code { try await session.token() }
        try await eventually("somebody authenticates") { await server.asked == 1 }
        await server.answer(.failure(EtcdError(.wrongPassword, "no", endpoint: "http://m0")))
        #expect(await outcome == .wrongPassword)
        async let again = session.token()
        try await eventually("somebody authenticates again") { await server.asked == 2 }
        await server.answer(.success("abc"))
        #expect(try await again.metadata.count == 1)
    }

    @Test("Where authentication is off, calls carry no token")
    func off() async throws {
        let session = AuthSession { () async throws(EtcdError) in
            throw EtcdError(.authNotEnabled, "off", endpoint: "http://m0")
        }
        #expect(try await session.token().metadata.isEmpty)
    }

    @Test("No text form of credentials shows the password")
    func secrecy() {
        let credentials = EtcdCredentials(user: "root", password: "hunter2")
        var dumped = ""
        dump(credentials, to: &dumped)
        for text in ["\(credentials)", String(reflecting: credentials), dumped, "\([credentials])"] {
            #expect(!text.contains("hunter2"))
        }
    }
}
