import Model
import Transport

/// What a member said about its v2 store.
public struct LegacyAnswer: Sendable {
    /// How many changes the store had seen (`X-Etcd-Index`).
    public let index: UInt64
    /// The cluster that answered (`X-Etcd-Cluster-Id`).
    public let clusterID: UInt64
    /// The node that was asked for.
    public let node: LegacyNode
}

/// What the head of an answer says; errors of the store have it too.
struct LegacyHead: Sendable {
    let index: UInt64
    let clusterID: UInt64

    /// Reads the header fields; nil if it is no answer of a v2 store.
    init?(_ head: HTTPClientHead) {
        guard let index = head.header("X-Etcd-Index").flatMap({ UInt64($0) }),
            let cluster = head.header("X-Etcd-Cluster-Id").flatMap({ UInt64($0, radix: 16) })
        else { return nil }
        self.index = index
        clusterID = cluster
    }
}
