internal import Model

extension RecordTransaction {
    /// Adds a record of the user's making.
    ///
    /// The server's part of the metadata is set here, whatever the document says of it; a status is not taken over.
    func create(_ given: RecordDraft) throws(StoreError) -> Record {
        var draft = given
        try name(&draft)
        try requireNamespace(of: draft)
        try requireOwners(of: draft, beyond: [])
        draft.metadata.uid = Self.newIdentity()
        draft.metadata.creationTimestamp = now.wholeSeconds
        draft.metadata.deletionTimestamp = nil
        draft.metadata.generation = draft.spec == nil ? nil : 1
        draft.status = draft.kind == namespaceKind ? ["phase": "Active"] : nil
        return try insert(draft)
    }

    /// Completes `generateName`, and refuses what has no name, the wrong namespace, or a name that is taken.
    private func name(_ draft: inout RecordDraft) throws(StoreError) {
        if draft.kind.isNamespaced {
            guard !draft.metadata.namespace.isEmpty else {
                throw .invalid(draft.id, reason: "metadata.namespace: must be given")
            }
        } else {
            draft.metadata.namespace = ""
        }
        if draft.metadata.name.isEmpty {
            guard let prefix = draft.metadata.generateName, !prefix.isEmpty else {
                throw .invalid(nil, reason: "metadata.name: must be given, or generateName")
            }
            repeat {
                draft.metadata.name = prefix + Self.randomSuffix()
            } while try row(draft.id) != nil
        } else if try row(draft.id) != nil {
            throw .alreadyExists(draft.id)
        }
    }

    /// Refuses owners that do not exist: the record would be without anyone to be removed with, as when its owner was
    /// removed a moment ago.
    func requireOwners(of draft: RecordDraft, beyond known: Set<String>) throws(StoreError) {
        for owner in draft.metadata.ownerReferences where !known.contains(owner.uid) {
            guard try exists(uid: owner.uid) else {
                throw .conflict(draft.id, reason: "its owner \(owner.kind) \(owner.name) (\(owner.uid)) does not exist")
            }
        }
    }

    /// Five letters and digits, without those that form words or look alike.
    private static func randomSuffix() -> String {
        let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")
        return String((0..<5).map { _ in alphabet[Int.random(in: alphabet.indices)] })
    }

    /// A random UUID (RFC 4122, version 4).
    private static func newIdentity() -> String {
        let high = UInt64.random(in: 0 ... .max) & ~0xF000 | 0x4000
        let low = UInt64.random(in: 0 ... .max) & ~(3 << 62) | 2 << 62
        let digits = [high, low].map { half in
            let text = String(half, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }.joined()
        var text = ""
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { text.append("-") }
            text.append(digit)
        }
        return text
    }
}
