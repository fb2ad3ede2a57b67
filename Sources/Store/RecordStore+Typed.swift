public import Model

/// The store in terms of the records' types.
extension RecordStore {
    /// The record of this type and name.
    ///
    /// - Throws: `.notFound`; `.invalid` when what is stored does not fit the type.
    public func get<Object: Resource>(
        _ type: Object.Type, named name: String, in namespace: String = ""
    ) async throws(StoreError) -> Object {
        try await get(RecordID(Object.kind, namespace: namespace, name: name)).decoded(as: Object.self)
    }

    /// The record of this type and name, nil if there is none; any other failure is not an absence.
    ///
    /// - Throws: `.invalid` when what is stored does not fit the type.
    public func find<Object: Resource>(
        _ type: Object.Type, named name: String, in namespace: String = ""
    ) async throws(StoreError) -> Object? {
        do throws(StoreError) {
            return try await get(type, named: name, in: namespace)
        } catch {
            guard case .notFound = error else { throw error }
            return nil
        }
    }

    /// All records of this type, of one namespace or of all, with these labels; ordered by namespace and name.
    ///
    /// - Throws: `.invalid` when one does not fit the type.
    public func list<Object: Resource>(
        _ type: Object.Type, in namespace: String? = nil, labels: [String: String] = [:]
    ) async throws(StoreError) -> [Object] {
        let query = RecordQuery(Object.kind, namespace: namespace, labels: LabelSelector(matching: labels))
        var objects: [Object] = []
        for record in try await list(query).records { objects.append(try record.decoded(as: Object.self)) }
        return objects
    }

    /// Adds a record; see ``create(_:kind:isTrial:provided:)``.
    ///
    /// - Returns: the record as stored.
    /// - Throws: `.alreadyExists`, `.notFound` for its namespace, `.conflict`.
    @discardableResult
    public func create<Object: Resource>(_ object: Object) async throws(StoreError) -> Object {
        try await create(object.document, kind: Object.kind).decoded(as: Object.self)
    }

    /// Replaces a record but for its status; see ``update(_:kind:isTrial:provided:)``.
    ///
    /// - Returns: the record as stored.
    /// - Throws: `.notFound`, `.conflict` when it was changed since it was read, `.invalid`.
    @discardableResult
    public func update<Object: Resource>(_ object: Object) async throws(StoreError) -> Object {
        try await update(object.document, kind: Object.kind).decoded(as: Object.self)
    }

    /// Brings a record to what is declared; see ``apply(_:kind:isTrial:)``.
    ///
    /// - Returns: the record as stored.
    /// - Throws: what ``create(_:)`` and ``update(_:)`` throw.
    @discardableResult
    public func apply<Object: Resource>(_ object: Object) async throws(StoreError) -> Object {
        try await apply(object.document, kind: Object.kind).decoded(as: Object.self)
    }

    /// Replaces the status of a record and nothing else; see ``updateStatus(_:kind:isTrial:)``.
    ///
    /// - Returns: the record as stored.
    /// - Throws: `.notFound`, `.conflict` when it was changed since it was read.
    @discardableResult
    public func updateStatus<Object: SpecifiedResource>(_ object: Object) async throws(StoreError) -> Object {
        try await updateStatus(object.document, kind: Object.kind).decoded(as: Object.self)
    }

    /// Removes this very record and what it owns; another record that has taken its name is left alone.
    ///
    /// - Throws: `.notFound`; `.conflict` when the record of this name is another one.
    @discardableResult
    public func delete(_ object: some Resource) async throws(StoreError) -> Deletion {
        let uid = object.metadata.uid
        return try await delete(RecordID(of: object), uid.isEmpty ? DeleteOptions() : DeleteOptions(uid: uid))
    }

    /// Stores what a reconcile pass made of `base`: the status, and the changes to labels, annotations and finalizers,
    /// put upon whatever people changed meanwhile.
    ///
    /// Only the control loop calls this.
    ///
    /// - Returns: the record as stored, or its last state when its last finalizer went.
    /// - Throws: `.notFound` when the record is gone, also when another one has taken its name.
    package func writeBack<Object: SpecifiedResource>(
        _ object: Object, since base: Object
    ) async throws(StoreError) -> Record {
        try await writeBack(object.document, since: base.document, kind: Object.kind)
    }
}
