/// A call of etcd's gRPC services.
struct EtcdMethod: Sendable {
    /// Service and method.
    let path: String
    /// Whether etcd may see the call twice without harm.
    let isIdempotent: Bool

    private init(_ path: String, isIdempotent: Bool = false) {
        self.path = "/etcdserverpb.\(path)"
        self.isIdempotent = isIdempotent
    }

    static let range = EtcdMethod("KV/Range", isIdempotent: true)
    static let put = EtcdMethod("KV/Put")
    static let deleteRange = EtcdMethod("KV/DeleteRange")
    static let txn = EtcdMethod("KV/Txn")
    /// Compacting to a revision twice is compacting once: the second answer says that it is compacted.
    static let compact = EtcdMethod("KV/Compact")

    static let watch = EtcdMethod("Watch/Watch", isIdempotent: true)

    static let leaseGrant = EtcdMethod("Lease/LeaseGrant")
    static let leaseRevoke = EtcdMethod("Lease/LeaseRevoke")
    static let leaseKeepAlive = EtcdMethod("Lease/LeaseKeepAlive", isIdempotent: true)
    static let leaseTimeToLive = EtcdMethod("Lease/LeaseTimeToLive", isIdempotent: true)
    static let leaseLeases = EtcdMethod("Lease/LeaseLeases", isIdempotent: true)

    static let memberList = EtcdMethod("Cluster/MemberList", isIdempotent: true)
    static let memberAdd = EtcdMethod("Cluster/MemberAdd")
    static let memberRemove = EtcdMethod("Cluster/MemberRemove")
    static let memberUpdate = EtcdMethod("Cluster/MemberUpdate")
    static let memberPromote = EtcdMethod("Cluster/MemberPromote")

    static let alarm = EtcdMethod("Maintenance/Alarm", isIdempotent: true)
    static let status = EtcdMethod("Maintenance/Status", isIdempotent: true)
    static let defragment = EtcdMethod("Maintenance/Defragment")
    static let hashKV = EtcdMethod("Maintenance/HashKV", isIdempotent: true)
    static let snapshot = EtcdMethod("Maintenance/Snapshot", isIdempotent: true)
    static let moveLeader = EtcdMethod("Maintenance/MoveLeader")

    static let authenticate = EtcdMethod("Auth/Authenticate", isIdempotent: true)
    static let authStatus = EtcdMethod("Auth/AuthStatus", isIdempotent: true)
    static let authEnable = EtcdMethod("Auth/AuthEnable", isIdempotent: true)
    static let authDisable = EtcdMethod("Auth/AuthDisable", isIdempotent: true)
    static let userAdd = EtcdMethod("Auth/UserAdd")
    static let userGet = EtcdMethod("Auth/UserGet", isIdempotent: true)
    static let userList = EtcdMethod("Auth/UserList", isIdempotent: true)
    static let userDelete = EtcdMethod("Auth/UserDelete")
    static let userChangePassword = EtcdMethod("Auth/UserChangePassword", isIdempotent: true)
    static let userGrantRole = EtcdMethod("Auth/UserGrantRole", isIdempotent: true)
    static let userRevokeRole = EtcdMethod("Auth/UserRevokeRole")
    static let roleAdd = EtcdMethod("Auth/RoleAdd")
    static let roleGet = EtcdMethod("Auth/RoleGet", isIdempotent: true)
    static let roleList = EtcdMethod("Auth/RoleList", isIdempotent: true)
    static let roleDelete = EtcdMethod("Auth/RoleDelete")
    static let roleGrantPermission = EtcdMethod("Auth/RoleGrantPermission", isIdempotent: true)
    static let roleRevokePermission = EtcdMethod("Auth/RoleRevokePermission")
}
