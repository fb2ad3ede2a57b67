public import Etcd

/// Brings the keys of a live etcd v2 store into the v3 keyspace of a cluster, and keeps them there until it is told to
/// stop.
///
/// It reads the tree, writes what differs at the destination and removes what the source does not have, then applies
/// the source's changes as they come, hidden nodes included. It may be killed at any moment and begun again with the
/// same name. Directories are not keys, times to live become leases, values stay as they are.
///
/// What the v2 API cannot show is not copied: hidden nodes that are not declared and do not change while somebody looks
/// (`Options.hiddenPaths`), and bytes that are not UTF-8 (`LegacyProgress.doubtful`).
public struct LegacyReplication: Sendable {
    /// How it is done.
    public struct Options: Sendable {
        /// Hidden nodes to be copied, with all below: nodes of which a name begins with `_`.
        ///
        /// Listings leave them out. Those that were changed within the last 1,000 changes, and those that are changed
        /// while it runs, are found without being declared.
        public var hiddenPaths: [LegacyPath] = []
        /// What happens to keys that the destination has already where keys are written to; `keep` is not supported.
        public var conflictPolicy = ConflictPolicy.refuse
        /// How often the source is asked how far it is; a change to a hidden node is seen that late.
        public var interval: Duration = .milliseconds(200)
        /// How long nothing may come of the source's history before it counts as "nothing there".
        public var grace: Duration = .milliseconds(60)
        /// How long the source may be away before that is an error.
        public var patience: Duration = .seconds(60)
        /// How long one request to the destination may take.
        public var timeout: Duration = .seconds(8)

        /// The defaults.
        public init() {}
    }

    /// The migration's name: the destination keeps under it what is needed to go on.
    public let name: String
    /// The v2 store.
    public let source: LegacyClient
    /// The cluster to write to; it may be the one that the v2 store belongs to.
    public let destination: EtcdEndpoints
    /// Which directories become which keys.
    public let mapping: LegacyMapping
    /// How it is done.
    public let options: Options

    /// Describes a replication; nothing is sent yet.
    public init(
        name: String, source: LegacyClient, destination: EtcdEndpoints, mapping: LegacyMapping = .everything,
        options: Options = Options()
    ) {
        self.name = name
        self.source = source
        self.destination = destination
        self.mapping = mapping
        self.options = options
    }

    /// Runs until the task is cancelled.
    ///
    /// `report` is called often, from one task at a time.
    ///
    /// - Throws: `ReplicationError`: `conflict` for keys that are in the way, `diverged` for another source than the
    ///   one that was begun with or another process that has taken over, `unsupported` for a source without v2 store,
    ///   `unavailable` when a side stays away. `CancellationError` when cancelled.
    public func run(report: @escaping @Sendable (LegacyProgress) -> Void) async throws {
        do {
            let session = try await LegacySession(self, report: report)
            while true {
                do {
                    try await session.walkAndFollow()
                } catch let error as LegacyError where error.code == .indexCleared {
                    // The store keeps 1,000 changes; more have come than could be read. The tree tells the rest.
                    session.progress.walksRepeated += 1
                } catch let error as LegacyError where error.isTransient {
                    guard session.silence < options.patience else { throw error }
                    session.progress.waiting = ReplicationError(error)
                    session.tell()
                    try await Task.sleep(for: .milliseconds(300))
                }
            }
        } catch {
            try Task.checkCancellation()
            throw explained(error)
        }
    }

    /// Removes what the destination keeps for going on, when the migration is over; keys and leases stay.
    ///
    /// - Throws: `ReplicationError` if the destination does not do it.
    public func forget() async throws(ReplicationError) {
        let (key, hidden) = (LegacyCheckpoint.key(name), LegacyHiddenList.key(name))
        _ = try await writer.perform { (client) throws(EtcdError) in
            try await client.commit(
                Transaction(then: [
                    .deleteRange(DeleteRangeRequest(.key(key))), .deleteRange(DeleteRangeRequest(.key(hidden))),
                ]), isIdempotent: true)
        }
    }

    /// The destination as it is written to.
    var writer: LegacyDestination {
        LegacyDestination(
            endpoints: destination, key: LegacyCheckpoint.key(name), name: name, timeout: options.timeout)
    }

    /// Any error as the one that callers decide on.
    func explained(_ error: any Error) -> any Error {
        switch error {
        case let error as EtcdError where error.code == .failedPrecondition: LegacyDestination.takenOver(name)
        case let error as LegacyError: ReplicationError(error)
        case let error as EtcdError: ReplicationError(error, LegacyDestination.subject)
        default: error
        }
    }
}

extension ReplicationError {
    /// What a v2 store's refusal or silence means for a replication.
    init(_ error: LegacyError) {
        let (code, remedy): (Code, String) =
            switch error.code {
            case .noLeader, .timeout, .unavailable, .cancelled: (.unavailable, "it is tried again")
            case .indexCleared: (.compacted, "read the tree anew")
            case .unauthorized: (.refused, "give a user of the v2 store that may read everything")
            case .disabled: (.unsupported, "start the members of etcd 3.4 with --enable-v2")
            case .tooLong: (.refused, "accept a larger listing")
            case .keyNotFound, .malformedResponse, .other: (.refused, "see what the cluster says")
            }
        self.init(code, error.endpoint, error.message, remedy: remedy)
    }
}
