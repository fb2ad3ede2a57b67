package import Model

/// Who owns which fields of a record: `metadata.managedFields`.
package struct ManagedFields: Sendable {
    /// What one manager owns.
    package struct Entry: Sendable {
        /// Its fields.
        package var fields: FieldSet
        /// When it last changed one of them.
        package var time: Timestamp?
        /// The version of the kind it wrote in.
        package var apiVersion: String
    }

    /// As many managers that update are told apart; more are thrown together, as in Kubernetes.
    private static let updateLimit = 10

    /// The entries; never one without fields.
    package private(set) var entries: [FieldManager: Entry] = [:]

    /// Fields of nobody.
    package init() {}

    /// Whether nobody owns anything.
    package var isEmpty: Bool { entries.isEmpty }

    /// All fields that anybody but one manager owns.
    package func fields(exceptOf manager: FieldManager) -> FieldSet {
        entries.reduce(FieldSet()) { $1.key == manager ? $0 : $0.union($1.value.fields) }
    }

    // MARK: Changing

    /// Gives a manager these fields and no others; without any it vanishes.
    ///
    /// The time of a manager whose fields stay the same is left as it is, unless `isNew` says that their values are new.
    package mutating func set(
        _ fields: FieldSet, of manager: FieldManager, apiVersion: String, at now: Timestamp, isNew: Bool
    ) {
        let former = entries[manager]
        guard !fields.isEmpty else {
            entries[manager] = nil
            return
        }
        let isSame = !isNew && former?.fields == fields
        entries[manager] = Entry(
            fields: fields, time: isSame ? former?.time : now.wholeSeconds, apiVersion: apiVersion)
    }

    /// Takes fields from all managers but one.
    package mutating func take(_ fields: FieldSet, exceptFrom manager: FieldManager) {
        guard !fields.isEmpty else { return }
        for (other, entry) in entries where other != manager {
            let left = entry.fields.subtracting(fields)
            if left.isEmpty {
                entries[other] = nil
            } else {
                entries[other]?.fields = left
            }
        }
    }

    /// Notes a write that is no apply: who wrote owns what it added or modified, and what was removed is nobody's.
    package mutating func note(
        _ changes: FieldChanges, by manager: FieldManager, apiVersion: String, at now: Timestamp
    ) {
        guard !changes.isEmpty else { return }
        take(changes.written.union(changes.removed), exceptFrom: manager)
        let own = (entries[manager]?.fields ?? FieldSet()).subtracting(changes.removed).union(changes.written)
        set(own, of: manager, apiVersion: apiVersion, at: now, isNew: !changes.written.isEmpty)
        throwTogetherOldUpdates()
    }

    /// Makes one of the managers that updated longest ago, until there are few enough.
    private mutating func throwTogetherOldUpdates() {
        let updaters = entries.filter { $0.key.operation == .update && $0.key != .ancientChanges }
            .sorted {
                ($0.value.time?.secondsSinceEpoch ?? 0, $0.key) < ($1.value.time?.secondsSinceEpoch ?? 0, $1.key)
            }
            .map(\.key)
        let room = Self.updateLimit - (entries[.ancientChanges] == nil ? 0 : 1)
        guard updaters.count > room else { return }
        // With the manager that stands for them, one fewer finds room.
        let excess = updaters.count - (Self.updateLimit - 1)
        for manager in updaters.prefix(excess) {
            guard let entry = entries[manager] else { continue }
            entries[manager] = nil
            let old = entries[.ancientChanges]?.fields ?? FieldSet()
            entries[.ancientChanges] = Entry(
                fields: old.union(entry.fields), time: entry.time, apiVersion: entry.apiVersion)
        }
    }

    // MARK: As a document

    /// Reads `metadata.managedFields`; nil where an entry is none.
    package init?(_ document: Value?) {
        for element in document?.array ?? [] {
            guard let operation = element["operation"]?.string.flatMap({ FieldManager.Operation(rawValue: $0) }),
                let fields = FieldSet(document: element["fieldsV1"] ?? [:]),
                element["fieldsType"] == nil || element["fieldsType"] == "FieldsV1"
            else { return nil }
            guard !fields.isEmpty else { continue }
            let manager = FieldManager(
                element["manager"]?.string ?? "", operation, subresource: element["subresource"]?.string ?? "")
            let time = element["time"]?.string.flatMap { Timestamp($0) }
            let former = entries[manager]
            entries[manager] = Entry(
                fields: former.map { $0.fields.union(fields) } ?? fields, time: time ?? former?.time,
                apiVersion: element["apiVersion"]?.string ?? "")
        }
    }

    /// The entries in Kubernetes' order: those that apply first, then by time.
    package var document: Value {
        .array(
            entries.sorted { left, right in
                let (first, second) = (left.key.operation.rawValue, right.key.operation.rawValue)
                let (earlier, later) = (
                    left.value.time?.secondsSinceEpoch ?? 0, right.value.time?.secondsSinceEpoch ?? 0
                )
                return (first, earlier, left.key) < (second, later, right.key)
            }.map { manager, entry in
                var members: Value.Members = [
                    "manager": .string(manager.name), "operation": .string(manager.operation.rawValue),
                    "apiVersion": .string(entry.apiVersion),
                ]
                members["time"] = entry.time.map { .string("\($0.wholeSeconds)") }
                members["fieldsType"] = "FieldsV1"
                members["fieldsV1"] = entry.fields.document
                if !manager.subresource.isEmpty {
                    members["subresource"] = .string(manager.subresource)
                }
                return .object(members)
            })
    }
}
