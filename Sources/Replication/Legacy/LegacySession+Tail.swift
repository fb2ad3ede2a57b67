internal import Etcd
internal import Model

extension LegacySession {
    /// Applies what the tail has told, in order, in as few transactions as it fits into.
    func apply(_ items: [LegacyTail.Item]) async throws {
        guard !items.isEmpty else { return }
        var batch = LegacyBatch()
        // Everything up to here is in the batch, or applied.
        var reached = progress.applied
        for item in items {
            switch item {
            case .head(let index): note(head: index)
            case .away(let error): progress.waiting = ReplicationError(error)
            case .quiet(let index):
                note(head: index)
                reached = max(reached, index)
            case .change(let event):
                note(head: event.index)
                let (changes, toWalk) = try await effects(of: event)
                for change in changes {
                    if case .deleteRange(let range) = change, checkpoint.policy == .overwrite {
                        try await commit(batch, upTo: reached)
                        batch = LegacyBatch()
                        try await removeOurs(range)
                    } else if !batch.add(change) {
                        try await commit(batch, upTo: reached)
                        batch = LegacyBatch()
                        _ = batch.add(change)
                    }
                }
                reached = max(reached, event.index)
                progress.keysCopied += 1
                if !toWalk.isEmpty {
                    try await commit(batch, upTo: reached)
                    batch = LegacyBatch()
                    for path in toWalk { try await refresh(path) }
                }
            }
        }
        try await commit(batch, upTo: reached)
        tell()
    }

    /// Applies a batch and the checkpoint with it.
    func commit(_ batch: LegacyBatch, upTo index: UInt64) async throws {
        let changes = batch.changes
        guard !changes.isEmpty || hidden != storedHidden || checkpoint.index == 0 || progress.phase == .walk else {
            // Nothing to write: what counts is told, and stands in the next checkpoint.
            progress.applied = max(progress.applied, index)
            return
        }
        checkpoint.index = max(checkpoint.index, index)
        for attempt in 1... {
            var operations: [Transaction.Operation] = []
            for change in changes { operations.append(try await operation(change)) }
            if hidden != storedHidden {
                if operations.count >= LegacyBatch.mostOperations {
                    // The list takes a place of its own; the changes come right after it.
                    revision = try await applied([hiddenList()])
                } else {
                    operations.append(hiddenList())
                }
            }
            switch try await destination.commit(operations, checkpoint, over: revision) {
            case .applied(let revision):
                self.revision = revision
                storedHidden = hidden
                progress.applied = max(progress.applied, index)
                return
            case .leaseMissing where attempt < 5: leases.forgetLeases()
            case .leaseMissing:
                throw ReplicationError(
                    .unavailable, LegacyDestination.subject, "leases end before keys are written with them",
                    remedy: "see why it is so slow")
            }
        }
    }

    private func hiddenList() -> Transaction.Operation {
        .put(PutRequest(LegacyHiddenList.key(replication.name), LegacyHiddenList.encode(hidden)))
    }

    private func applied(_ operations: [Transaction.Operation]) async throws -> Int64 {
        guard case .applied(let revision) = try await destination.commit(operations, checkpoint, over: revision) else {
            throw LegacyDestination.takenOver("migration named \(replication.name)")
        }
        storedHidden = hidden
        return revision
    }

    private func operation(_ change: LegacyBatch.Change) async throws -> Transaction.Operation {
        switch change {
        case .put(let key, let value, let ending):
            guard let ending else { return .put(PutRequest(key, value)) }
            return .put(
                PutRequest(key, value, lease: .id(try await leases.lease(ending: ending, grant: destination.grant))))
        case .delete(let key): return .deleteRange(DeleteRangeRequest(.key(key)))
        case .deleteRange(let range): return .deleteRange(DeleteRangeRequest(range))
        }
    }

    /// What a change means for the destination, and which directories must be read anew because of it.
    private func effects(of event: LegacyEvent) async throws -> (changes: [LegacyBatch.Change], toWalk: [LegacyPath]) {
        let path = event.node.path
        guard !mapping.ranges(below: path).isEmpty || mapping.key(for: path) != nil else { return ([], []) }
        if event.isRemoval { return (removal(of: path, isDirectory: event.isOfDirectory), []) }
        // What lay in a hidden directory before it was known is not in the tail.
        var toWalk = try meet(path).filter { $0 != path }
        var changes = markers(for: path)
        if event.node.isDirectory {
            if let previous = event.previous, !previous.isDirectory, let key = mapping.key(for: path) {
                leases.note(path, isDirectory: false, ends: nil)
                changes.append(.delete(key: key))
            }
            changes += marker(for: path, ends: event.node.expiration)
            let old = leases.ending(of: path)
            if old != event.node.expiration {
                leases.note(path, isDirectory: true, ends: event.node.expiration)
                // Everything in it ends at another time from now on.
                if event.previous?.isDirectory == true || old != nil { toWalk.append(path) }
            }
        } else if let key = mapping.key(for: path) {
            let value = event.node.value ?? []
            if path.isDamaged || value.containsReplacement { progress.doubtful += 1 }
            let ends = LegacyTreeReader.earliest(event.node.expiration, leases.inherited(by: path))
            leases.note(path, isDirectory: false, ends: ends)
            changes.append(.put(key: key, value: value, ending: ends.map(LegacyLeases.second)))
        }
        return (changes, toWalk)
    }

    private func removal(of path: LegacyPath, isDirectory: Bool) -> [LegacyBatch.Change] {
        if hidden.contains(path), !replication.options.hiddenPaths.contains(where: { path.contains($0) }) {
            hidden.remove(path)
        }
        guard isDirectory else {
            leases.note(path, isDirectory: false, ends: nil)
            return mapping.key(for: path).map { [.delete(key: $0)] } ?? []
        }
        leases.remove(below: path)
        if mapping.keepsDirectories { directories = directories.filter { !path.contains($0) } }
        return mapping.ranges(below: path).map { .deleteRange($0) }
    }

    /// The keys for the directories that a node has brought into being; etcd has no events for them.
    private func markers(for path: LegacyPath) -> [LegacyBatch.Change] {
        guard mapping.keepsDirectories else { return [] }
        return path.ancestors.flatMap { marker(for: $0, ends: leases.ending(of: $0)) }
    }

    private func marker(for directory: LegacyPath, ends moment: Timestamp?) -> [LegacyBatch.Change] {
        guard mapping.keepsDirectories, let rule = mapping.rule(for: directory), directory != rule.source,
            moment != leases.ending(of: directory) || !directories.contains(directory)
        else { return [] }
        directories.insert(directory)
        let ends = LegacyTreeReader.earliest(moment, leases.inherited(by: directory))
        return [.put(key: rule.directoryKey(for: directory), value: [], ending: ends.map(LegacyLeases.second))]
    }

    /// Removes what we have written of a range, and leaves what was there before.
    private func removeOurs(_ range: KeyRange) async throws {
        var options = BulkWriter.Options()
        options.condition = destination.condition(revision)
        options.rounds = destination.rounds
        try await destination.endpoints.bulkWrite(options: options) { writer in
            try await KeyspaceReader(destination.endpoints, range).forEachPage { page in
                for pair in page.keyValues where pair.modRevision > checkpoint.base {
                    try await writer.delete(pair.key)
                }
            }
        }
    }

    /// Reads a node anew, with all below it, and brings the destination to that.
    private func refresh(_ path: LegacyPath) async throws {
        guard let (node, _) = try await LegacyTreeReader.get(path, source, progress.applied) else { return }
        guard node.isDirectory else {
            let event = LegacyEvent(.set, node)
            return try await commitAlone(try await effects(of: event).changes)
        }
        for rule in mapping.rules where rule.source.contains(path) || path.contains(rule.source) {
            let directory = rule.source.contains(path) ? path : rule.source
            try await walk(rule, below: directory, minimumIndex: progress.applied)
        }
    }

    private func commitAlone(_ changes: [LegacyBatch.Change]) async throws {
        var batch = LegacyBatch()
        for change in changes where !batch.add(change) {
            try await commit(batch, upTo: progress.applied)
            batch = LegacyBatch()
            _ = batch.add(change)
        }
        try await commit(batch, upTo: progress.applied)
    }

    /// Asks for what is about to end whether its time was renewed, which no event tells, and gives it its new time.
    func renew() async throws {
        guard ContinuousClock.now >= nextRenewal else { return }
        nextRenewal = .now + .milliseconds(400)
        leases.tidy()
        let due = leases.due()
        var changes: [LegacyBatch.Change] = []
        for start in stride(from: 0, to: due.count, by: 8) {
            let found: [(path: LegacyPath, node: LegacyNode?)]
            do {
                found = try await read(due[start..<min(start + 8, due.count)])
            } catch let error as LegacyError where error.isTransient {
                // The tail says when that is an error; until then they stay due.
                return
            }
            for (path, node) in found {
                guard let node else {
                    // Its event is on the way.
                    leases.note(path, isDirectory: false, ends: nil)
                    continue
                }
                let known = node.isDirectory ? leases.ending(of: path) : leases.ending(ofKey: path)
                let ends = LegacyTreeReader.earliest(node.expiration, leases.inherited(by: path))
                if node.isDirectory {
                    if known != node.expiration { try await refresh(path) }
                } else if known != ends.map(LegacyLeases.second).map(Timestamp.init(secondsSinceEpoch:)) {
                    changes += try await effects(of: LegacyEvent(.set, node)).changes
                }
            }
        }
        if !changes.isEmpty { try await commitAlone(changes) }
    }

    private func read(_ paths: ArraySlice<LegacyPath>) async throws -> [(path: LegacyPath, node: LegacyNode?)] {
        let (source, minimum) = (source, progress.applied)
        return try await withThrowingTaskGroup(of: (LegacyPath, LegacyNode?).self) { group in
            for path in paths {
                group.addTask { (path, try await LegacyTreeReader.get(path, source, minimum)?.node) }
            }
            var found: [(path: LegacyPath, node: LegacyNode?)] = []
            for try await (path, node) in group { found.append((path, node)) }
            return found
        }
    }
}
