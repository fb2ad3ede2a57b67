import Glibc
import TestSupport

/// A real etcd with one member that holds the keys the benchmarks work on.
struct Database: Sendable {
    /// The member.
    let etcd: RealEtcd
    /// How loading the keys went.
    let loading: Usage

    /// The client URL of the member.
    var endpoint: String { etcd.endpoints[0] }

    /// A path for something that goes away with the database.
    func scratch(_ name: String) -> String { "\(etcd.scratchDirectory)/\(name)" }

    /// Loads a database with our own client and lends it.
    static func with(_ options: BenchOptions, _ body: (Database) async throws -> Void) async throws {
        options.say("loading \(options.keys) keys of \(options.valueSize) bytes")
        // The default quota is 2 GiB; every benchmark that writes does so to a server of its own.
        try await withRealEtcd(quota: 8 << 30) { etcd in
            let loading = try await loader(etcd.endpoints[0], keys: options.keys, options).run(
                in: etcd.scratchDirectory)
            options.say("loaded at \(Text.fixed(loading.rate, 0)) keys/s")
            try await body(Database(etcd: etcd, loading: loading))
        }
    }

    /// The command that loads keys with our own client.
    static func loader(
        _ endpoint: String, prefix: String = "/registry/pods/", keys: Int, _ options: BenchOptions
    ) -> MeasuredCommand {
        MeasuredCommand(
            command: [
                options.executable, "work", "load", endpoint, prefix, "\(keys)", "\(options.valueSize)", options.values,
            ],
            work: Double(keys))
    }

    /// The size of a file in MiB.
    static func mebibytes(_ path: String) throws -> Double {
        var status = stat()
        guard stat(path, &status) == 0 else { throw BenchError("\(path) was not written") }
        return Double(status.st_size) / 1_048_576
    }
}
