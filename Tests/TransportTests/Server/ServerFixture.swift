import Crypto
import Glibc
import TestSupport
import Transport

/// Both ends of every connection live in the test process, which may need more descriptors than a shell grants.
private let manyDescriptors: Void = {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = min(limit.rlim_max, 8_192)
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}()

/// Runs a server for the length of a test.
func withServer<Result>(
    _ adjust: (inout HTTPServerOptions) -> Void = { _ in },
    handler: @escaping @Sendable (HTTPServerRequest) async -> HTTPServerResponse,
    _ body: (HTTPServer) async throws -> Result
) async throws -> Result {
    _ = manyDescriptors
    var options = HTTPServerOptions()
    options.clientCheckInterval = .milliseconds(20)
    options.stopGrace = .seconds(2)
    adjust(&options)
    let server = try HTTPServer(options: options, handler: handler)
    return try await withThrowingTaskGroup { group in
        group.addTask { await server.run() }
        // Leaving the group cancels `run` and waits for it, whether the body throws or not.
        defer { group.cancelAll() }
        return try await body(server)
    }
}

/// Answers with what was asked, so that a test sees what the handler saw.
@Sendable func echo(_ request: HTTPServerRequest) async -> HTTPServerResponse {
    let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    let path = request.path.joined(separator: "|")
    return .text("\(request.method) [\(path)] {\(query)} \(request.body.count) \(request.header("x-test") ?? "-")")
}

/// Runs curl with the usual quiet flags.
func curl(_ arguments: [String], timeout: Duration = .seconds(100)) async throws -> ChildProcess.Output {
    try await ChildProcess.run(
        "/usr/bin/curl", ["-sS", "--noproxy", "*", "--max-time", "90"] + arguments, timeout: timeout)
}

/// How many sockets of this machine are bound to a local port and still held by a process.
func heldSockets(port: UInt16) throws -> Int {
    guard let table = readTextFile("/proc/net/tcp") else { throw TestSupportError("/proc/net/tcp cannot be read") }
    let wanted = String(port, radix: 16, uppercase: true)
    let suffix = ":" + String(repeating: "0", count: 4 - wanted.count) + wanted
    return table.split(separator: "\n").dropFirst().count { line in
        let fields = line.split(separator: " ")
        return fields.count > 9 && fields[1].hasSuffix(suffix) && fields[9] != "0"
    }
}
