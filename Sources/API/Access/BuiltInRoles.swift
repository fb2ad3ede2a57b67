import Model
public import Store

/// The records of the roles that come with the program.
public enum BuiltInRoles {
    /// Makes the records where they are missing, and puts them right where they are not what the program has.
    ///
    /// What they allow is decided by the program in any case; the records are there to be read.
    ///
    /// - Throws: ``StoreError`` for a store that cannot be written.
    public static func restore(in store: RecordStore) async throws(StoreError) {
        for role in Role.allBuiltIn {
            do throws(StoreError) {
                let found = try await store.get(Role.self, named: role.metadata.name)
                guard found.spec != role.spec || found.metadata.labels != role.metadata.labels else { continue }
                var repaired = found
                repaired.spec = role.spec
                repaired.metadata.labels = role.metadata.labels
                try await store.update(repaired)
            } catch {
                guard case .notFound = error else { throw error }
                try await store.create(role)
            }
        }
    }
}
