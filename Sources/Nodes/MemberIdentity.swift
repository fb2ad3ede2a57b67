/// Whose data a directory holds: one member of one incarnation of one cluster.
public struct MemberIdentity: Sendable, Hashable, CustomStringConvertible {
    /// The cluster for people, as `namespace/name`.
    public var cluster: String
    /// The unique identifier of the cluster's record, which a new record of the same name does not share.
    public var clusterUID: String
    /// What distinguishes this life of the cluster from any other; given to etcd as `--initial-cluster-token`.
    public var incarnation: String
    /// The member's name, unique in the cluster; given to etcd as `--name`.
    public var member: String

    /// Names a member.
    public init(cluster: String, clusterUID: String, incarnation: String, member: String) {
        self.cluster = cluster
        self.clusterUID = clusterUID
        self.incarnation = incarnation
        self.member = member
    }

    /// The member for people, as `orders-0 of team/orders`.
    public var description: String { "\(member) of \(cluster)" }

    /// The member with what distinguishes it from a namesake.
    var longDescription: String { "\(member) of \(cluster) (uid \(clusterUID), incarnation \(incarnation))" }
}
