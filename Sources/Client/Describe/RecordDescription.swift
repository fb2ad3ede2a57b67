import Manifests
import Model

/// A record as text made for reading: who it is, how it is, what it should be, what happened to it.
struct RecordDescription {
    let kind: Kind
    let now: Timestamp
    let paint: Paint
    var events: [Event] = []
    var inspections: [EtcdInspection] = []
    var backups: [EtcdBackup] = []

    /// The lines about a record of the kind.
    func lines(_ document: Value) throws -> [String] {
        var metadata = Decoding()
        let identity = ObjectMeta.decode(document["metadata"] ?? [:], &metadata) ?? ObjectMeta()
        var lines = head(identity)
        switch kind {
        case EtcdCluster.kind: lines += cluster(try EtcdCluster(answer: document))
        case EtcdInspection.kind: lines += inspection(try EtcdInspection(answer: document))
        case EtcdBackup.kind: lines += backup(try EtcdBackup(answer: document))
        case EtcdMigration.kind: lines += migration(try EtcdMigration(answer: document))
        case Secret.kind: lines += secret(try Secret(answer: document))
        default: break
        }
        lines += conditions(document)
        if kind != Secret.kind { lines += rest(document) }
        return lines + eventLines()
    }

    // MARK: What every record has

    private func head(_ metadata: ObjectMeta) -> [String] {
        var rows: [(String, String)] = [("Kind", kind.name), ("Name", metadata.name)]
        if !metadata.namespace.isEmpty { rows.append(("Namespace", metadata.namespace)) }
        if !metadata.labels.isEmpty { rows.append(("Labels", Self.pairs(metadata.labels))) }
        if !metadata.annotations.isEmpty { rows.append(("Annotations", Self.pairs(metadata.annotations))) }
        if let owner = metadata.ownerReferences.first { rows.append(("Owner", "\(owner.kind)/\(owner.name)")) }
        if let created = metadata.creationTimestamp { rows.append(("Created", moment(created))) }
        if let deleted = metadata.deletionTimestamp { rows.append(("Deleted", moment(deleted) + ", still going")) }
        return facts(rows)
    }

    private func conditions(_ document: Value) -> [String] {
        let conditions = (document[path: "status", "conditions"]?.array ?? []).compactMap { value in
            var decoding = Decoding()
            return Condition.decode(value, &decoding)
        }
        guard !conditions.isEmpty else { return [] }
        var table = TextTable(["TYPE", "STATUS", "FOR", "REASON", "MESSAGE"])
        for condition in conditions {
            let style: Paint.Style =
                switch condition.status {
                case .true: .green
                case .false: .yellow
                case .unknown: .magenta
                }
            table.add([
                .init(condition.type.rawValue), .init(condition.status.rawValue, style),
                .init(condition.lastTransitionTime.map { age($0) } ?? "-"), .init(condition.reason),
                .init(condition.message),
            ])
        }
        return section("Conditions", table.lines(paint))
    }

    /// What the record should be, and for kinds that are not known better, what it is.
    private func rest(_ document: Value) -> [String] {
        let isKnown = [EtcdCluster.kind, EtcdInspection.kind, EtcdBackup.kind, EtcdMigration.kind].contains(kind)
        let shown = (document.members ?? [:]).filter { member in
            isKnown ? member.key == "spec" : !["apiVersion", "kind", "metadata"].contains(member.key)
        }
        return shown.flatMap { member in
            section(member.key.prefix(1).uppercased() + member.key.dropFirst(), yaml(member.value))
        }
    }

    private func eventLines() -> [String] {
        guard kind != Event.kind else { return [] }
        guard !events.isEmpty else { return section("Events", ["none"]) }
        var table = TextTable(["LAST SEEN", "COUNT", "TYPE", "REASON", "MESSAGE"], rightAligned: [1])
        let sorted = events.sorted {
            ($0.lastTimestamp ?? Timestamp(secondsSinceEpoch: 0))
                < ($1.lastTimestamp ?? Timestamp(secondsSinceEpoch: 0))
        }
        for event in sorted {
            table.add([
                .init(event.lastTimestamp.map { "\(age($0)) ago" } ?? "-"), .init(String(event.count)),
                .init(event.type, event.type == "Normal" ? nil : .yellow), .init(event.reason), .init(event.message),
            ])
        }
        return section("Events", table.lines(paint))
    }

    // MARK: Text

    /// Names and values, the values under each other.
    func facts(_ rows: [(String, String)]) -> [String] {
        let width = max(14, (rows.map(\.0.count).max() ?? 0) + 2)
        // What is written in several lines stays under its value: it could say anything as if it were a fact.
        let continued = "\n" + String(repeating: " ", count: width)
        return rows.map { name, value in
            paint(.dim, name + String(repeating: " ", count: max(1, width - name.count)))
                + value.replacing("\n", with: continued)
        }
    }

    /// A heading with lines under it.
    func section(_ title: String, _ lines: [String]) -> [String] {
        lines.isEmpty ? [] : ["", paint(.bold, title)] + lines.map { "  \($0)" }
    }

    func yaml(_ value: Value) -> [String] {
        value.yaml.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    func age(_ moment: Timestamp) -> String { max(.zero, now - moment).ageText }

    func moment(_ moment: Timestamp) -> String {
        moment > now ? "\(moment) (in \((moment - now).ageText))" : "\(moment) (\(age(moment)) ago)"
    }

    private static func pairs(_ pairs: [String: String]) -> String {
        pairs.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
    }
}
