import Archive
import Crypto
import Etcd
import Glibc
import Model

extension Work {
    /// Makes a backup as the controller makes it: received, hashed, proven, figures read, manifest written; `form` is
    /// `plain`, `zstd` or `sealed`, which is compressed too.
    static func snapshot(_ url: String, directory: String, keys: Int, form name: String) async throws {
        let form = StoredForm(
            compression: name == "plain" ? .none : .zstd,
            key: name == "sealed" ? SealingKey(id: "k1", bytes: [UInt8](repeating: 1, count: 32)) : nil)
        try await withClient(url) { client in
            let status = try await client.status()
            let origin = BackupPipeline.Origin(
                clusterID: status.header.clusterID, memberName: "m0", memberID: status.header.memberID, endpoint: url,
                etcdVersion: status.version)
            let cluster = ClusterIncarnation(
                namespace: "default", name: "bench", incarnation: String(status.header.clusterID, radix: 16))
            let pipeline = BackupPipeline(
                storage: try DirectoryStorage(path: directory), writer: "lodestone-bench", form: form,
                scratch: "\(directory)-scratch")
            let snapshot = try await client.snapshot()
            defer { snapshot.cancel() }
            let manifest = try await pipeline.run(
                BackupID(cluster: cluster, name: "backup-\(getpid())"), from: origin, snapshot)
            guard manifest.content.liveKeys == keys else {
                throw BenchError("the backup has \(manifest.content.liveKeys) keys instead of \(keys)")
            }
        }
    }

    /// Receives a snapshot into a file and does nothing else, as `etcdctl snapshot save` does.
    static func receive(_ url: String, path: String) async throws {
        try await withClient(url) { client in
            let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
            guard descriptor >= 0 else { throw BenchError("\(path) cannot be written") }
            defer { close(descriptor) }
            for try await chunk in try await client.snapshot() {
                try chunk.withBytes { bytes in
                    guard write(descriptor, bytes.baseAddress, bytes.count) == bytes.count else {
                        throw BenchError("\(path) cannot be written")
                    }
                }
            }
            guard fsync(descriptor) == 0 else { throw BenchError("\(path) cannot be written") }
        }
    }

    /// Reads all figures of a database file, and proves its SHA-256 if wanted.
    static func summary(_ path: String, keys: Int, isTrailerVerified: Bool) throws {
        let file = try DatabaseFile(path: path)
        if isTrailerVerified { try file.verifyTrailer() }
        let found = try file.summary().liveKeys
        guard found == keys else { throw BenchError("the file has \(found) keys instead of \(keys)") }
    }
}
