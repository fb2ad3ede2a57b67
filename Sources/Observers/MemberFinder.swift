public import Etcd
public import Model
import Synchronization
public import Transport

/// Finds the members of clusters and keeps one client for each, so that connections are kept over many probes.
public final class MemberFinder: Sendable {
    /// The members of a cluster as they were found.
    public struct Membership: Sendable {
        /// The members, by name.
        public var members: [DialledMember]
        /// Why there may be more, if there may be.
        public var problem: EvidenceFailure?
    }

    private struct ClientKey: Hashable {
        let url: String
        let tls: TLSOptions?
        let credentials: EtcdCredentials?
    }

    private struct KnownList {
        let target: ClusterTarget
        let list: [EtcdMember]
        let foundAt: ContinuousClock.Instant
    }

    private struct State {
        var clients: [ClientKey: EtcdClient] = [:]
        var lists: [String: KnownList] = [:]
    }

    let engine: HTTPEngine
    private let state = Mutex(State())
    /// A member list changes rarely and asking for it is one more call per probe.
    private let listLifetime: Duration

    /// Creates a directory; member lists are asked for again after `listLifetime`.
    public init(engine: HTTPEngine, listLifetime: Duration = .seconds(30)) {
        self.engine = engine
        self.listLifetime = listLifetime
    }

    /// The client for a URL of a cluster.
    public func client(for url: String, of target: ClusterTarget) throws(EndpointError) -> EtcdClient {
        let key = ClientKey(url: url, tls: target.tls, credentials: target.credentials)
        if let known = state.withLock({ $0.clients[key] }) { return known }
        let endpoint = try Endpoint(url: url, tls: url.hasPrefix("https://") ? target.tls ?? TLSOptions() : nil)
        let client = EtcdClient(engine: engine, endpoint: endpoint, credentials: target.credentials)
        return state.withLock { state in
            if let known = state.clients[key] { return known }
            state.clients[key] = client
            return client
        }
    }

    /// The members of a cluster, from a member list not older than `listLifetime`, or a fresh one.
    ///
    /// - Parameters:
    ///   - target: the cluster.
    ///   - name: what the cluster is remembered by.
    ///   - timeout: how long each member asked may take.
    /// - Returns: the members, and why there may be more.
    public func members(of target: ClusterTarget, named name: String, timeout: Duration) async -> Membership {
        let now = ContinuousClock.now
        let known = state.withLock { $0.lists[name] }
        if let known, known.target == target, now - known.foundAt < listLifetime {
            return Membership(members: dial(known.list, of: target), problem: nil)
        }
        let (list, failure) = await askForList(target, timeout: timeout)
        if let list {
            state.withLock { $0.lists[name] = KnownList(target: target, list: list, foundAt: now) }
            if let known, known.target != target { closeAbandoned(known, for: target, list) }
            return Membership(members: dial(list, of: target), problem: nil)
        }
        if let known, known.target == target {
            // Members do not vanish because nobody answers; the old list is still the best there is.
            return Membership(members: dial(known.list, of: target), problem: nil)
        }
        return Membership(members: dial([], of: target), problem: failure)
    }

    /// Forgets a cluster and closes its connections.
    public func forget(_ name: String) {
        guard let known = state.withLock({ $0.lists.removeValue(forKey: name) }) else { return }
        close(keys(of: known.target, known.list))
    }

    /// Closes the connections that a changed record no longer leads to: to other endpoints, or with a password or a
    /// certificate that was replaced since.
    private func closeAbandoned(_ old: KnownList, for target: ClusterTarget, _ list: [EtcdMember]) {
        close(keys(of: old.target, old.list).subtracting(keys(of: target, list)))
    }

    private func close(_ keys: Set<ClientKey>) {
        let clients = state.withLock { state in keys.compactMap { state.clients.removeValue(forKey: $0) } }
        for client in clients {
            client.close()
        }
    }

    /// How many connections are kept.
    package var clientCount: Int { state.withLock { $0.clients.count } }

    private func keys(of target: ClusterTarget, _ list: [EtcdMember]) -> Set<ClientKey> {
        let urls = target.endpoints + place(list, of: target).map(\.endpoint)
        return Set(urls.map { ClientKey(url: $0, tls: target.tls, credentials: target.credentials) })
    }

    /// Forgets the member list of a cluster, so that the next question for its members asks anew.
    public func refresh(_ name: String) {
        state.withLock { $0.lists[name] = nil }
    }

    /// The first member list that any member gives.
    private func askForList(_ target: ClusterTarget, timeout: Duration) async -> ([EtcdMember]?, EvidenceFailure?) {
        let urls = target.endpoints + target.knownMembers.map(\.endpoint).filter { !target.endpoints.contains($0) }
        return await withTaskGroup(of: Result<[EtcdMember], EvidenceFailure>.self) { group in
            for url in urls {
                group.addTask {
                    do throws(EndpointError) {
                        let client = try self.client(for: url, of: target)
                        return await EvidenceFailure.catching {
                            () async throws(EtcdError) in
                            try await client.memberList(linearizable: false, timeout: timeout).members
                        }
                    } catch {
                        return .failure(EvidenceFailure(.other, error.description))
                    }
                }
            }
            var failure: EvidenceFailure?
            for await result in group {
                switch result {
                case .success(let list):
                    group.cancelAll()
                    return (list, nil)
                case .failure(let reason): failure = failure ?? reason
                }
            }
            return (nil, failure ?? EvidenceFailure(.other, "no endpoint is known"))
        }
    }

    private func dial(_ list: [EtcdMember], of target: ClusterTarget) -> [DialledMember] {
        var members = place(list, of: target)
        for index in members.indices {
            members[index].client = try? client(for: members[index].endpoint, of: target)
        }
        return members
    }

    /// The members with the URLs they are dialled at, without a client yet.
    private func place(_ list: [EtcdMember], of target: ClusterTarget) -> [DialledMember] {
        var members = list.map { member -> DialledMember in
            // A member may advertise several URLs; one that is mapped or named in the spec is known to be reachable.
            let reachable = member.clientURLs.map { target.reachable($0) }
            let preferred = reachable.first { target.endpoints.contains($0) } ?? reachable.first
            // A member that was added and never started has neither name nor client URL yet.
            let known = target.knownMembers.first { $0.name == member.name || $0.endpoint == preferred }
            let url = known?.endpoint ?? preferred ?? ""
            let name = member.name.isEmpty ? (known?.name ?? (url.isEmpty ? member.idText : url)) : member.name
            return DialledMember(
                name: name, id: member.id, isLearner: member.isLearner, endpoint: url, peerURLs: member.peerURLs)
        }
        for known in target.knownMembers where !members.contains(where: { $0.name == known.name }) {
            members.append(
                DialledMember(name: known.name, id: nil, isLearner: false, endpoint: known.endpoint, peerURLs: []))
        }
        if members.isEmpty {
            members = target.endpoints.map {
                DialledMember(name: $0, id: nil, isLearner: false, endpoint: $0, peerURLs: [])
            }
        }
        return members.sorted { $0.name < $1.name }
    }
}
