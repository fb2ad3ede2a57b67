import Model

/// How far history is compacted: the revision a compaction was asked for and the one it was carried out to.
struct Compaction {
    var scheduled: Int64 = -1
    var finished: Int64 = -1

    /// The compact revision a member reports; the physical removal may lag behind it.
    var latest: Int64 { max(scheduled, finished) }
}

/// The buckets other than `key`: etcd `server/storage/schema` (3.5) and the packages that own them (3.4).
extension DatabaseFile {
    /// Walks all buckets but `key`, also unknown ones, and reads what the known ones hold.
    func readSystemBuckets(
        _ buckets: [String: BucketRoot], _ tree: inout BucketTree, into summary: inout DatabaseSummary
    ) throws(DatabaseError) -> Compaction {
        var compaction = Compaction()
        for (name, root) in buckets.sorted(by: { $0.key < $1.key }) where name != "key" {
            var result = summary
            let path = path
            try tree.walk(root) { (page, entry) throws(DatabaseError) in
                let fault = { (detail: String) in
                    DatabaseError(.damaged, path: path, page: page, "in bucket `\(name)`, \(detail)")
                }
                switch name {
                case "meta": try Self.readMetaEntry(entry, &compaction, &result, fault)
                case "lease":
                    guard entry.key.count == 8 else { throw fault("a lease is not named by 8 bytes") }
                    result.leases += 1
                case "alarm": result.alarms.append(try Self.alarm(entry, fault))
                case "members": result.members.append(try Self.member(entry, fault))
                case "auth":
                    if entry.key.equals("authEnabled") { result.authEnabled = entry.value.first == 1 }
                case "authUsers": result.users += 1
                case "authRoles": result.roles += 1
                case "cluster":
                    if entry.key.equals("clusterVersion") {
                        result.clusterVersion = String(decoding: entry.value, as: UTF8.self)
                    }
                default: break
                }
            }
            summary = result
        }
        return compaction
    }

    private static func readMetaEntry(
        _ entry: Page.Entry, _ compaction: inout Compaction, _ summary: inout DatabaseSummary,
        _ fault: (String) -> DatabaseError
    ) throws(DatabaseError) {
        let value = entry.value
        func number() throws(DatabaseError) -> UInt64 {
            guard value.count == 8 else { throw fault("a number of \(value.count) bytes is stored, not of 8") }
            return value.bigEndian(at: 0, as: UInt64.self)
        }
        func revision() throws(DatabaseError) -> Int64 {
            guard let parsed = RecordRevision.parse(value), !parsed.isTombstone else {
                throw fault("a compact revision is stored as \(value.count) bytes that are none")
            }
            return parsed.revision.main
        }
        if entry.key.equals("consistent_index") {
            summary.consistentIndex = try number()
        } else if entry.key.equals("term") {
            summary.term = try number()
        } else if entry.key.equals("scheduledCompactRev") {
            compaction.scheduled = try revision()
        } else if entry.key.equals("finishedCompactRev") {
            compaction.finished = try revision()
        } else if entry.key.equals("storageVersion") {
            summary.storageVersion = String(decoding: value, as: UTF8.self)
        }
    }

    /// The bucket's key is the whole `AlarmMember` message; its value is empty.
    private static func alarm(
        _ entry: Page.Entry, _ fault: (String) -> DatabaseError
    ) throws(DatabaseError) -> EtcdAlarm {
        do throws(ProtobufError) {
            return try EtcdAlarm(decoding: entry.key)
        } catch {
            throw fault("an alarm is not a valid message (\(error))")
        }
    }

    /// The bucket's key is the ID in hexadecimal, its value a JSON document without the fields that are empty.
    private static func member(
        _ entry: Page.Entry, _ fault: (String) -> DatabaseError
    ) throws(DatabaseError) -> EtcdMember {
        guard let id = UInt64(String(decoding: entry.key, as: UTF8.self), radix: 16) else {
            throw fault("a member is not named by its ID")
        }
        let document: Value
        do throws(JSONError) {
            document = try Value(json: Array(entry.value))
        } catch {
            throw fault("the description of a member is not valid JSON: \(error)")
        }
        func texts(_ name: String) -> [String] { document[name]?.array?.compactMap(\.string) ?? [] }
        return EtcdMember(
            id: id, name: document["name"]?.string ?? "", peerURLs: texts("peerURLs"),
            clientURLs: texts("clientURLs"), isLearner: document["isLearner"]?.bool ?? false)
    }
}
