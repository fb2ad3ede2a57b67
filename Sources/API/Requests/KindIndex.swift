import Model

/// An API group and one of its versions.
struct GroupVersion: Hashable {
    let group: String
    let version: String

    init(group: String, version: String) {
        self.group = group
        self.version = version
    }

    init(of kind: Kind) {
        self.init(group: kind.group, version: kind.version)
    }

    /// As in documents: `v1`, `lodestone.dev/v1alpha1`.
    var name: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// As in paths, without a leading slash: `api/v1`, `apis/lodestone.dev/v1alpha1`.
    var path: String { group.isEmpty ? "api/\(version)" : "apis/\(name)" }
}

/// The kinds a server offers.
struct KindIndex: Sendable {
    /// The kinds, in the order in which they are listed.
    let all: [RegisteredKind]
    /// Their group versions, the core group first.
    let versions: [GroupVersion]

    init(_ kinds: [RegisteredKind]) {
        all = kinds
        var found: [GroupVersion] = []
        for kind in kinds where !found.contains(GroupVersion(of: kind.kind)) {
            found.append(GroupVersion(of: kind.kind))
        }
        versions = found.sorted { $0.group < $1.group }
    }

    func kind(plural: String, in version: GroupVersion) -> RegisteredKind? {
        kinds(in: version).first { $0.kind.plural == plural }
    }

    func kinds(in version: GroupVersion) -> [RegisteredKind] {
        all.filter { GroupVersion(of: $0.kind) == version }
    }
}
