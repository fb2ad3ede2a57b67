import Model
import Store

/// The hold on the source's record while the source may be frozen.
extension MigrationJobs {
    /// Keeps the source's record until the freeze is lifted, however it is deleted.
    ///
    /// One that we run ourselves ends with its record, and nobody writes to it any more.
    ///
    /// - Returns: false where it cannot be held, as it is being deleted already.
    func holdSource() async throws -> Bool {
        while var record = try await source(), record.spec.provider != .local {
            guard !record.metadata.finalizers.contains(migration.sourceHold) else { return true }
            // The store takes no new finalizer for such a record.
            guard record.metadata.deletionTimestamp == nil else { return false }
            record.metadata.finalizers.append(migration.sourceHold)
            if try await replace(record) { return true }
        }
        return true
    }

    /// Lets the source's record go, as far as this migration is concerned.
    func releaseSource() async throws {
        let formerHold = MigrationReconciler.finalizer
        while var record = try await source() {
            var names = [migration.sourceHold]
            if record.metadata.finalizers.contains(formerHold), try await !isFrozenByAnother() {
                names.append(formerHold)
            }
            guard record.metadata.finalizers.contains(where: names.contains) else { return }
            record.metadata.finalizers.removeAll(where: names.contains)
            if try await replace(record) { return }
        }
    }

    /// Whether another migration of the source may keep it frozen: one of before each had its own hold shares a name.
    private func isFrozenByAnother() async throws -> Bool {
        try await services.store.list(EtcdMigration.self, in: migration.metadata.namespace).contains {
            $0.metadata.uid != migration.metadata.uid && $0.spec.sourceRef == migration.spec.sourceRef
                && $0.status.freezeTime != nil
        }
    }

    /// Stores the source's record; false where it has changed meanwhile, as its own reconciler writes it as well.
    private func replace(_ record: EtcdCluster) async throws -> Bool {
        do throws(StoreError) {
            _ = try await services.store.update(record)
            return true
        } catch {
            guard case .conflict = error else { throw error }
            return false
        }
    }
}

extension EtcdMigration {
    /// The finalizer by which this migration keeps its source's record, one of its own: another's end must not remove it.
    var sourceHold: String { "\(MigrationReconciler.finalizer)-\(metadata.uid.prefix(8))" }
}
