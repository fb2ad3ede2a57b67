import Etcd
import Transport

/// Asks a cluster how far it is.
enum ClusterHead {
    /// Reads the newest revision of a cluster, linearizable: no write that was acknowledged before is missing from it.
    static func read(_ cluster: EtcdEndpoints, timeout: Duration? = nil) async throws(EtcdError) -> ResponseHeader {
        try await cluster.perform { (client) throws(EtcdError) in
            // One key that hardly anybody has: what counts is the header.
            try await client.range(RangeRequest(.key([0]), content: .countOnly), timeout: timeout).header
        }
    }

    /// A cluster as errors name it.
    static func name(_ cluster: EtcdEndpoints) -> String { cluster.preferred.endpoint.url }
}
