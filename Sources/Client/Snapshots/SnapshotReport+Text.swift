import Model

extension SnapshotReport {
    /// The report as people read it.
    func lines(_ paint: Paint) -> [String] {
        figures(paint) + table(of: members, paint) + table(of: prefixes, paint) + table(of: largestKeys, paint)
    }

    private func figures(_ paint: Paint) -> [String] {
        let proof: String =
            switch checksum {
            case .right: paint(.green, "right: the bytes are those that were saved")
            case .wrong: paint(.red, "WRONG: the bytes are not those that were saved; do not restore from it")
            case .none: "none, as in a member's own file; nothing proves the bytes"
            }
        let form = [compressed ? "compressed" : "", keyID.isEmpty ? "" : "encrypted with key \"\(keyID)\""]
            .filter { !$0.isEmpty }.joined(separator: ", ")
        let compacted = compactRevision.map { "compacted up to \($0)" } ?? "never compacted"
        let version = [
            etcdVersion.isEmpty ? "" : etcdVersion, clusterVersion.isEmpty ? "" : "cluster version \(clusterVersion)",
            storageVersion.isEmpty ? "" : "storage version \(storageVersion)",
        ].filter { !$0.isEmpty }.joined(separator: ", ")
        let rows: [(String, String)] = [
            ("File", file), ("Form", form), ("Checksum", proof),
            ("Size", "\(size.rounded), \(inUse.rounded) of it in use"), ("etcd", version),
            ("Revision", "\(revision), \(compacted)"),
            ("Keys", "\(keys), in \(records) versions of which \(tombstones) are deletions"),
            ("Gaps", versionGaps == 0 ? "" : paint(.red, "\(versionGaps) versions are missing or doubled")),
            ("HashKV", "\(hashKV)"), ("Raft index", "\(raftIndex)"), ("Leases", "\(leases)"),
            ("Auth", authEnabled ? "on, \(users) users, \(roles) roles" : "off"),
            ("Alarms", alarms.isEmpty ? "none" : paint(.red, alarms.joined(separator: ", "))),
        ]
        return rows.filter { !$0.1.isEmpty }.map { name, value in
            paint(.dim, name + String(repeating: " ", count: 12 - name.count)) + value
        }
    }

    private func table(of members: [SnapshotMember], _ paint: Paint) -> [String] {
        guard !members.isEmpty else { return [] }
        var table = TextTable(["MEMBER", "ID", "PEER URLS", "CLIENT URLS"])
        for member in members {
            table.add([
                TextTable.Cell(member.name + (member.learner ? " (learner)" : "")), TextTable.Cell(member.id),
                TextTable.Cell(member.peerURLs.joined(separator: ",")),
                TextTable.Cell(member.clientURLs.joined(separator: ",")),
            ])
        }
        return [""] + table.lines(paint)
    }

    private func table(of prefixes: [SnapshotPrefix], _ paint: Paint) -> [String] {
        guard !prefixes.isEmpty else { return [] }
        var table = TextTable(["PREFIX", "KEYS", "BYTES", "VERSIONS", "BYTES OF ALL"], rightAligned: [1, 2, 3, 4])
        for prefix in prefixes {
            table.add([
                TextTable.Cell(prefix.prefix), TextTable.Cell("\(prefix.keys)"),
                TextTable.Cell(ByteCount(Int64(prefix.bytes)).rounded), TextTable.Cell("\(prefix.records)"),
                TextTable.Cell(ByteCount(Int64(prefix.recordBytes)).rounded),
            ])
        }
        return [""] + table.lines(paint)
    }

    private func table(of keys: [SnapshotKey], _ paint: Paint) -> [String] {
        guard !keys.isEmpty else { return [] }
        var table = TextTable(["LARGEST KEYS", "SIZE", "VERSION", "REVISION"], rightAligned: [1, 2, 3])
        for key in keys {
            table.add([
                TextTable.Cell(key.key), TextTable.Cell(ByteCount(Int64(key.bytes)).rounded),
                TextTable.Cell("\(key.version)"), TextTable.Cell("\(key.modRevision)"),
            ])
        }
        return [""] + table.lines(paint)
    }
}
