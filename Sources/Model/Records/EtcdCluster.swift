/// One etcd cluster: how it should be, and how it is.
public struct EtcdCluster: SpecifiedResource {
    /// What records of the kind are for.
    public static let summary =
        "One etcd cluster, run by Lodestone as processes on its machine (provider Local) or by somebody else "
        + "(Imported): how it should be, how it is, what is inspected, and when it is backed up."
    /// The kind.
    public static let kind = Kind("EtcdCluster", plural: "etcdclusters", shortNames: ["ec"])
    /// The annotation by which a person says that the record stands for another cluster now: its ID in hexadecimal.
    public static let acceptedClusterID = "lodestone.dev/accept-cluster-id"
    /// Identity, labels and history.
    public var metadata = ObjectMeta()
    /// What is wanted.
    public var spec = EtcdClusterSpec()
    /// What is.
    public var status = EtcdClusterStatus()

    /// Creates an empty record.
    public init() {}

    /// The fields.
    public static let fields: [Field<EtcdCluster>] = [
        Field("metadata", \.metadata, "Identity, labels and history."),
        Field("spec", \.spec, "The cluster as it should be.", required: true),
        Field("status", \.status, "The cluster as it is, written by the controller."),
    ]

    /// The table.
    public static let columns: [Column<EtcdCluster>] = [
        Column("Phase", "Where the cluster stands.") { record in
            let progress = record.status.phase == .restoring ? record.status.restore.map { " \($0.progress)%" } : nil
            return .string(record.status.phase.rawValue + (progress ?? "") + (record.spec.paused ? " (paused)" : ""))
        },
        Column("Ready", "Voting members that serve, of all voting members.") { record in
            .string("\(record.status.readyMembers)/\(record.status.members.count { $0.role != .learner })")
        },
        Column("Leader", "The member that leads.") { record in .string(record.status.leader) },
        Column("Version", "The etcd version.") { record in .string(record.status.version) },
        Column("Revision", "The newest revision seen.", type: .integer) { record in
            record.status.revision.map { .integer($0) } ?? .null
        },
        Column("Consistency", "What the consistency inspection last found.") { record in
            .string(record.status.inspections.first { $0.type == .consistency }?.verdict.rawValue ?? "")
        },
        Column(
            "Last Backup", "How long ago the last good backup was finished.",
            since: { record in record.status.backup?.lastSuccessTime }),
        .age,
        Column("Provider", "Who runs the members.", wide: true) { record in .string(record.spec.provider.rawValue) },
        Column("Cluster ID", "etcd's own identity of the cluster.", wide: true) { record in
            .string(record.status.clusterID)
        },
        Column("DB Size", "The largest database file of a member.", wide: true) { record in
            record.status.members.compactMap(\.dbSize).max().map { .string($0.rounded) } ?? .null
        },
        Column("Message", "The condition Ready in words.", wide: true) { record in
            .string(record.status.conditions[.ready]?.message ?? "")
        },
    ]

    /// Whether requests to delete the record are refused: as its spec says, or else if members hold data because of it.
    ///
    /// `kubectl apply --force` and `kubectl replace --force` delete and make anew whatever they cannot change.
    public var isProtectedFromDeletion: Bool {
        spec.deletionProtection ?? (spec.provider == .local && !status.clusterID.isEmpty)
    }

    /// A Local cluster has three members unless it says otherwise.
    public mutating func applyDefaults() {
        if spec.provider == .local, spec.size == nil { spec.size = 3 }
    }

    /// The rules that join several fields.
    public func validate() -> [FieldProblem] {
        spec.validate(at: "spec")
    }
}

/// Who runs the members of a cluster.
public enum Provider: String, Choice {
    /// Lodestone runs them as processes on its own machine.
    case local = "Local"
    /// Somebody else runs them; Lodestone probes, proves and backs up.
    case imported = "Imported"
}

/// What becomes of data when its record is deleted.
public enum DeletionPolicy: String, Choice {
    /// The bytes are kept: data directories go to quarantine, backups stay where they are.
    case retain = "Retain"
    /// The bytes are removed.
    case delete = "Delete"
}

/// A cluster as it should be.
public struct EtcdClusterSpec: Structure {
    /// Who runs the members.
    public var provider = Provider.local
    /// The etcd version to run; Local only.
    public var version: String?
    /// The number of voting members: 1, 3, 5 or 7; Local only.
    public var size: Int?
    /// Client URLs to find the members by; Imported only.
    public var endpoints: [String] = []
    /// Advertised client URLs that are reached under another address; Imported only.
    public var endpointMap: [EndpointMapping] = []
    /// How to trust the members and prove ourselves to them; Imported only.
    public var tls: ClusterTLS?
    /// The etcd user to act as.
    public var auth: ClusterAuth?
    /// What the members may store; Local only.
    public var storage = ClusterStorage()
    /// Further etcd flags by name, without dashes; Local only.
    public var args: [String: String] = [:]
    /// When to back up, where to, and how much to keep.
    public var backup: BackupPolicy?
    /// The backup that the cluster begins with; Local only, and only in a new record.
    public var restore: ClusterRestore?
    /// What to inspect, how often and by which thresholds.
    public var inspections = InspectionSwitches()
    /// Whether the controller leaves the cluster alone; its status is still reported.
    public var paused = false
    /// What becomes of the members' data when the record is deleted; Local only.
    public var deletionPolicy = DeletionPolicy.retain
    /// Whether requests to delete the record are refused; those of a Local cluster that holds data are if not given.
    public var deletionProtection: Bool?

    /// Creates the default.
    public init() {}

    /// The fields.
    public static let fields: [Field<EtcdClusterSpec>] = [
        Field("provider", \.provider, "Who runs the members: Local (Lodestone, as processes here) or Imported."),
        Field("version", \.version, "The etcd version to run, such as \"3.4.23\". Local only."),
        Field("size", \.size, "The number of voting members: 1, 3, 5 or 7. Local only; 3 if not given."),
        Field("endpoints", \.endpoints, "Client URLs to find the members by. Imported only.", .atMost(64)),
        Field(
            "endpointMap", \.endpointMap, "Advertised client URLs that are reached under another address.", .atMost(64),
            .keyed(by: "advertised")),
        Field("tls", \.tls, "How to trust the members and prove ourselves to them. Imported only."),
        Field("auth", \.auth, "The etcd user to act as, where requests need one."),
        Field("storage", \.storage, "What the members may store. Local only."),
        Field("args", \.args, "Further etcd flags by name, without dashes. Local only.", .atMost(64)),
        Field("restore", \.restore, "The backup that a new cluster begins with. Local only."),
        Field("backup", \.backup, "When to back up, where to, and how much to keep."),
        Field("inspections", \.inspections, "What to inspect, how often and by which thresholds."),
        Field("paused", \.paused, "Whether the controller leaves the cluster alone; status is still reported."),
        Field(
            "deletionPolicy", \.deletionPolicy,
            "What becomes of the members' data when the record is deleted: Retain (quarantine) or Delete."),
        Field(
            "deletionProtection", \.deletionProtection,
            "Whether requests to delete the record are refused. If not given, those of a Local cluster with data are."),
    ]

    func validate(at path: FieldPath) -> [FieldProblem] {
        var problems: [FieldProblem] = []
        func problem(_ field: String, _ reason: FieldProblem.Reason, _ message: String) {
            problems.append(FieldProblem(path.appending(field), reason, message))
        }
        func refuse(_ given: Bool, _ field: String) {
            if given { problem(field, .forbidden, "does not apply to provider \(provider.rawValue); remove it") }
        }
        switch provider {
        case .local:
            if let version {
                if EtcdVersion(version) == nil {
                    problem("version", .invalid, "\"\(version)\" is not a version; write it like \"3.4.23\"")
                }
            } else {
                problem("version", .required, "must be given: the etcd version to run, such as \"3.4.23\"")
            }
            if let size, ![1, 3, 5, 7].contains(size) {
                problem("size", .unsupported, "\(size) is not possible; choose 1, 3, 5 or 7")
            }
            refuse(!endpoints.isEmpty, "endpoints")
            refuse(!endpointMap.isEmpty, "endpointMap")
            refuse(tls != nil, "tls")
        case .imported:
            if endpoints.isEmpty {
                problem(
                    "endpoints", .required, "must be given: at least one client URL, such as \"http://10.0.0.5:2379\"")
            }
            refuse(version != nil, "version")
            refuse(restore != nil, "restore")
            refuse(size != nil, "size")
            refuse(!args.isEmpty, "args")
            refuse(storage != ClusterStorage(), "storage")
        }
        for (index, endpoint) in endpoints.enumerated() where !Self.isURL(endpoint) {
            problems.append(
                FieldProblem(
                    path.appending("endpoints").appending(index), .invalid,
                    "\"\(endpoint)\" is not a client URL; write it like \"https://10.0.0.5:2379\""))
        }
        for (index, mapping) in endpointMap.enumerated() {
            for (field, url) in [("advertised", mapping.advertised), ("reachable", mapping.reachable)]
            where !url.isEmpty && !Self.isURL(url) {
                problems.append(
                    FieldProblem(
                        path.appending("endpointMap").appending(index).appending(field), .invalid,
                        "\"\(url)\" is not a client URL; write it like \"https://10.0.0.5:2379\""))
            }
        }
        if Set(endpoints).count < endpoints.count {
            problem("endpoints", .duplicate, "names an endpoint twice")
        }
        problems += backup?.validate(at: path.appending("backup")) ?? []
        problems += restore?.validate(at: path.appending("restore")) ?? []
        return problems
    }

    static func isURL(_ text: String) -> Bool {
        guard let scheme = ["http://", "https://"].first(where: { text.hasPrefix($0) }) else { return false }
        let rest = text.dropFirst(scheme.count)
        guard let colon = rest.lastIndex(of: ":"), let port = Int(rest[rest.index(after: colon)...]) else {
            return false
        }
        let host = rest[..<colon]
        return (1...65535).contains(port) && !host.isEmpty
            && host.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "@") }
    }
}

/// An advertised client URL and the one under which it is really reached, as behind address translation.
public struct EndpointMapping: Structure {
    /// The client URL in the member list.
    public var advertised = ""
    /// The URL to dial instead.
    public var reachable = ""

    /// Creates an empty mapping.
    public init() {}

    /// The fields.
    public static let fields: [Field<EndpointMapping>] = [
        Field("advertised", \.advertised, "The client URL in the member list.", required: true, .nonEmpty),
        Field("reachable", \.reachable, "The URL to dial instead.", required: true, .nonEmpty),
    ]
}

/// How to trust a cluster's members and prove ourselves to them.
public struct ClusterTLS: Structure {
    /// A Secret with `ca.crt` and, where members ask for a client certificate, `tls.crt` and `tls.key`.
    public var secretRef: LocalReference?
    /// The name members' certificates carry, if it is not the host dialled.
    public var serverName: String?
    /// Whether any certificate is taken; for experiments only.
    public var insecureSkipVerify = false

    /// Creates the default.
    public init() {}

    /// The fields.
    public static let fields: [Field<ClusterTLS>] = [
        Field("secretRef", \.secretRef, "A Secret with ca.crt and, for client certificates, tls.crt and tls.key."),
        Field("serverName", \.serverName, "The name the members' certificates carry, if not the host dialled."),
        Field("insecureSkipVerify", \.insecureSkipVerify, "Whether any certificate is taken; for experiments only."),
    ]
}

/// The etcd user to act as.
public struct ClusterAuth: Structure {
    /// A Secret with `username` and `password`.
    public var secretRef = LocalReference()

    /// Creates the default.
    public init() {}

    /// The fields.
    public static let fields: [Field<ClusterAuth>] = [
        Field("secretRef", \.secretRef, "A Secret with username and password.", required: true)
    ]
}

/// What members may store.
public struct ClusterStorage: Structure {
    /// The size of the database at which etcd stops taking writes; etcd's own default of 2Gi if not given.
    public var quota: ByteCount?

    /// Creates the default.
    public init() {}

    /// The fields.
    public static let fields: [Field<ClusterStorage>] = [
        Field("quota", \.quota, "The database size at which etcd stops taking writes; 2Gi if not given.")
    ]
}
