import Crypto
import Model
import Store
import Synchronization

/// The records that say who may do what, in the forms in which every request asks them.
///
/// Kept current by the store's watch (``follow(_:logger:)``), and at once by every write through the API
/// (``take(_:from:)``), so that a token is refused from the moment its revocation is acknowledged.
final class AccessIndex: Sendable {
    /// One change of a record; a removal has no record.
    private struct Entry<Object: Sendable>: Sendable {
        let revision: Int64
        let object: Object?
    }

    private struct State {
        var isLoaded = false
        var roles: [String: Entry<Role>] = [:]
        var bindings: [String: Entry<RoleBinding>] = [:]
        var tokens: [String: Entry<AccessToken>] = [:]
        var names: [[UInt8]: String] = [:]
        var policy = AccessPolicy()
        var version = 0

        /// Makes anew what follows from the records.
        mutating func derive(_ kind: Kind) {
            version += 1
            if kind == AccessToken.kind {
                names = [:]
                // Where two records have one digest, as versions of old let pass in a race, the older one counts.
                for token in tokens.values.compactMap(\.object).sorted(by: Self.isOlder) {
                    guard let digest = Hex.decode(token.spec.digest), names[digest] == nil else { continue }
                    names[digest] = token.metadata.name
                }
            } else {
                policy = AccessPolicy(
                    roles: roles.values.compactMap(\.object), bindings: bindings.values.compactMap(\.object))
            }
        }

        private static func isOlder(_ left: AccessToken, _ right: AccessToken) -> Bool {
            guard let one = left.metadata.creationTimestamp, let other = right.metadata.creationTimestamp, one != other
            else { return left.metadata.name < right.metadata.name }
            return one < other
        }
    }

    /// The kinds the index is made of.
    static let kinds = [Role.kind, RoleBinding.kind, AccessToken.kind]

    private let state = Mutex(State())

    /// The rights at this moment.
    var policy: AccessPolicy { state.withLock(\.policy) }

    /// A number that moves whenever a record does.
    var version: Int { state.withLock(\.version) }

    /// The token record of a digest, whatever its state.
    ///
    /// The look-up may take as long as it likes: what is compared is the digest of what a client sent, and nobody can
    /// choose a digest byte by byte. The last comparison takes the same time for every digest all the same.
    func token(digest: [UInt8]) -> AccessToken? {
        state.withLock { state in
            guard let name = state.names[digest], let token = state.tokens[name]?.object,
                let known = Hex.decode(token.spec.digest), ConstantTime.areEqual(known, digest)
            else { return nil }
            return token
        }
    }

    /// Reads all records as they are now, unless that was done before.
    func load(from store: RecordStore) async throws(StoreError) {
        guard !state.withLock(\.isLoaded) else { return }
        for kind in Self.kinds {
            let list = try await store.list(RecordQuery(kind))
            state.withLock { state in
                for record in list.records {
                    Self.put(record, into: &state)
                }
                state.derive(kind)
            }
        }
        state.withLock { $0.isLoaded = true }
    }

    /// Takes in a record as it is now; for the one who has just written it.
    func take(_ id: RecordID, from store: RecordStore) async {
        guard Self.kinds.contains(id.kind) else { return }
        let moment = store.revision
        do throws(StoreError) {
            apply(try await store.get(id))
        } catch {
            // Gone, or unknown for the moment; the watch tells what becomes of it.
            guard case .notFound = error else { return }
            remove(id, at: moment)
        }
    }

    /// Follows the store until the task is cancelled.
    func follow(_ store: RecordStore) async {
        await withTaskGroup { group in
            for kind in Self.kinds {
                group.addTask { await self.follow(kind, in: store) }
            }
        }
    }

    private func follow(_ kind: Kind, in store: RecordStore) async {
        while !Task.isCancelled {
            var listed: Set<String>? = []
            do {
                for try await event in store.watch(RecordQuery(kind), from: .present) {
                    switch event {
                    case .added(let record), .modified(let record, from: _):
                        listed?.insert(record.id.name)
                        apply(record)
                    case .deleted(let record): remove(record.id, at: record.revision)
                    case .complete(let revision):
                        // What was removed while nobody followed is not told, it is only not there.
                        for name in names(of: kind) where listed?.contains(name) == false {
                            remove(RecordID(kind, namespace: "", name: name), at: revision)
                        }
                        listed = nil
                    case .bookmark: break
                    }
                }
                // The store is closed.
                return
            } catch {
                // Behind the history, or the disk failed: begin anew with what there is. Nothing is forgotten meanwhile,
                // so that who had no right gets none. The sleep ends early only by cancellation.
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func names(of kind: Kind) -> [String] {
        state.withLock { state in
            switch kind {
            case Role.kind: Array(state.roles.keys)
            case RoleBinding.kind: Array(state.bindings.keys)
            default: Array(state.tokens.keys)
            }
        }
    }

    private func apply(_ record: Record) {
        state.withLock { state in
            if Self.put(record, into: &state) { state.derive(record.id.kind) }
        }
    }

    private func remove(_ id: RecordID, at revision: Int64) {
        state.withLock { state in
            let isNew =
                switch id.kind {
                case Role.kind: Self.put(nil, id.name, revision, into: &state.roles)
                case RoleBinding.kind: Self.put(nil, id.name, revision, into: &state.bindings)
                default: Self.put(nil, id.name, revision, into: &state.tokens)
                }
            if isNew { state.derive(id.kind) }
        }
    }

    /// Takes in a record unless something newer is known of it; a record that fits no more counts as none.
    @discardableResult
    private static func put(_ record: Record, into state: inout State) -> Bool {
        let (name, revision) = (record.id.name, record.revision)
        return switch record.id.kind {
        case Role.kind: put(try? record.decoded(as: Role.self), name, revision, into: &state.roles)
        case RoleBinding.kind: put(try? record.decoded(as: RoleBinding.self), name, revision, into: &state.bindings)
        default: put(try? record.decoded(as: AccessToken.self), name, revision, into: &state.tokens)
        }
    }

    private static func put<Object>(
        _ object: Object?, _ name: String, _ revision: Int64, into entries: inout [String: Entry<Object>]
    ) -> Bool {
        if let known = entries[name], known.revision >= revision { return false }
        entries[name] = Entry(revision: revision, object: object)
        return true
    }
}
