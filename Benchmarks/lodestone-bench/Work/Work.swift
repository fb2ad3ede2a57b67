import Etcd
import Glibc
import Transport

/// One measured piece of work, done by a process of its own.
enum Work {
    /// Does what the arguments say.
    static func run(_ arguments: [String]) async throws {
        guard let name = arguments.first else { throw BenchError("work needs a name") }
        let rest = Array(arguments.dropFirst())
        switch (name, rest.count) {
        case ("load", 5):
            try await load(
                rest[0], prefix: rest[1], keys: number(rest[2]), valueSize: number(rest[3]), isText: rest[4] == "text")
        case ("snapshot", 4):
            try await snapshot(rest[0], directory: rest[1], keys: number(rest[2]), form: rest[3])
        case ("tail", 4):
            try await tail(rest[0], revisions: number(rest[1]), keys: number(rest[2]), seed: number(rest[3]))
        case ("replay", 4): try await replay(rest[0], rest[1], spool: rest[2], through: number(rest[3]))
        case ("receive", 2): try await receive(rest[0], path: rest[1])
        case ("range", 2): try await range(rest[0], keys: number(rest[1]))
        case ("copy", 2): try await copy(rest[0], rest[1])
        case ("serve", 4):
            try await serve(rest[0], records: number(rest[1]), isEncrypted: rest[2] == "tls", log: rest[3])
        case ("pages", 4): try await pages(rest[0], token: rest[1], path: rest[2], limit: number(rest[3]))
        case ("legacy", 2): try await legacy(rest[0], rest[1], until: nil)
        case ("legacy", 3): try await legacy(rest[0], rest[1], until: rest[2])
        case ("compare", 3): try await compare(rest[0], rest[1], keys: number(rest[2]))
        case ("summary", 2): try summary(rest[0], keys: number(rest[1]), isTrailerVerified: false)
        case ("proof", 2): try summary(rest[0], keys: number(rest[1]), isTrailerVerified: true)
        default: throw BenchError("there is no work \(name) with \(rest.count) arguments")
        }
    }

    /// Lends a client of the member at a URL.
    static func withClient<Result>(_ url: String, _ body: (EtcdClient) async throws -> Result) async throws -> Result {
        let engine = HTTPEngine(name: "bench")
        defer { engine.shutdown() }
        return try await body(EtcdClient(engine: engine, endpoint: try Endpoint(url: url)))
    }

    private static func number(_ text: String) throws -> Int {
        guard let number = Int(text) else { throw BenchError("\(text) is no number") }
        return number
    }
}
