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
        /// The endpoints that lead to another cluster.
        public var strangers: [ForeignEndpoint] = []
    }

    private struct ClientKey: Hashable {
        let url: String
        let tls: TLSOptions?
        let credentials: EtcdCredentials?
    }

    private struct KnownList {
        let target: ClusterTarget
        let list: [EtcdMember]
        let clusterID: UInt64?
        var foundAt: ContinuousClock.Instant

        /// The list as one that is remembered, and asked for anew all the same.
        func outdated(by age: Duration) -> KnownList {
            var list = self
            list.foundAt -= age
            return list
        }
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

    /// The members of a cluster, from member lists not older than `listLifetime`, or fresh ones.
    ///
    /// Every endpoint is asked, so that what is found does not depend on who answers first: the members are those that
    /// any endpoint of the cluster names, and endpoints of other clusters are told. One that is silent costs `timeout`.
    ///
    /// - Parameters:
    ///   - target: the cluster.
    ///   - name: what the cluster is remembered by.
    ///   - timeout: how long each endpoint asked may take.
    /// - Returns: the members, why there may be more, and which endpoints lead elsewhere.
    public func members(of target: ClusterTarget, named name: String, timeout: Duration) async -> Membership {
        let now = ContinuousClock.now
        let known = state.withLock { $0.lists[name] }
        if let known, known.target == target, now - known.foundAt < listLifetime {
            return Membership(members: dial(known.list, of: target), problem: nil)
        }
        let (lists, failure) = await askForLists(target, timeout: timeout)
        guard lists.clusterID == nil else {
            let found = KnownList(target: target, list: lists.members, clusterID: lists.clusterID, foundAt: now)
            // What is in question is asked for again at the next look.
            state.withLock { $0.lists[name] = lists.isSettled ? found : found.outdated(by: listLifetime) }
            if let known, known.target != target { closeAbandoned(known, for: target, found.list) }
            let members = dial(found.list, of: target)
            // A member that turned into another cluster is told by its own Status.
            let strangers = Self.strangers(in: lists, except: members.map(\.endpoint))
            return Membership(members: members, problem: lists.problem, strangers: strangers)
        }
        // Who runs at the address of a known member is told by its own Status too.
        let strangers = Self.strangers(in: lists, except: target.knownMembers.map(\.endpoint))
        // Members do not vanish because they do not answer; the old list is still the best there is.
        if let known, known.target == target, lists.answers.isEmpty || known.clusterID == target.expectedClusterID {
            return Membership(members: dial(known.list, of: target), problem: nil, strangers: strangers)
        }
        var reduced = target
        if target.expectedClusterID != nil, !lists.silent.isEmpty {
            reduced.endpoints.removeAll { !lists.silent.contains($0) }
        }
        return Membership(members: dial([], of: reduced), problem: failure, strangers: strangers)
    }

    private static func strangers(in lists: MemberLists, except told: [String]) -> [ForeignEndpoint] {
        lists.strangers.filter { !told.contains($0.endpoint) }
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

    /// The member lists of all endpoints, and why one is missing where all are.
    private func askForLists(_ target: ClusterTarget, timeout: Duration) async -> (MemberLists, EvidenceFailure?) {
        var urls: [String] = []
        for url in target.endpoints + target.knownMembers.map(\.endpoint) where !urls.contains(url) {
            urls.append(url)
        }
        let results = await withTaskGroup(of: (Int, Result<EtcdMemberList, EvidenceFailure>).self) { group in
            for (index, url) in urls.enumerated() {
                group.addTask { (index, await self.askForList(url, target, timeout: timeout)) }
            }
            var results: [(Int, Result<EtcdMemberList, EvidenceFailure>)] = []
            for await result in group {
                results.append(result)
            }
            return results.sorted { $0.0 < $1.0 }
        }
        var (answers, silent, failure): ([MemberLists.Answer], [String], EvidenceFailure?) = ([], [], nil)
        for (index, result) in results {
            switch result {
            case .success(let list):
                answers.append(
                    MemberLists.Answer(
                        endpoint: urls[index], clusterID: list.header.clusterID, raftTerm: list.header.raftTerm,
                        members: list.members))
            case .failure(let reason):
                silent.append(urls[index])
                failure = failure ?? reason
            }
        }
        if urls.isEmpty { failure = EvidenceFailure(.other, "no endpoint is known") }
        let lists = MemberLists(answers: answers, silent: silent, expected: target.expectedClusterID)
        return (lists, answers.isEmpty ? failure : nil)
    }

    private func askForList(
        _ url: String, _ target: ClusterTarget, timeout: Duration
    ) async -> Result<EtcdMemberList, EvidenceFailure> {
        do throws(EndpointError) {
            let client = try client(for: url, of: target)
            return await EvidenceFailure.catching { () async throws(EtcdError) in
                try await client.memberList(linearizable: false, timeout: timeout)
            }
        } catch {
            return .failure(EvidenceFailure(.other, error.description))
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
