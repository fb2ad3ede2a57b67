public import Etcd
import Transport

/// Proves that two clusters hold the same history at one revision: keys, values, revisions, versions, leases, users.
///
/// `HashKV` covers the keyspace with all its revisions, but neither leases nor users, which are compared one by one. It
/// stops the writes of a member while it runs (a second per gigabyte and more), so the members of one cluster are asked
/// one after the other, and both clusters at the same time. Hashes can be compared only above the same compaction; the
/// destination is compacted to the source's where it is behind, and never beyond.
public struct ExactProof: Sendable {
    /// How the proof is made.
    public struct Options: Sendable {
        /// How long a member may take to reach the revision and to compute its hash.
        public var timeout: Duration = .seconds(60)
        /// How often everything is compared again if the source is compacted in the midst of it.
        public var attempts = 3
        /// How many leases are asked for at a time.
        public var concurrency = 16

        /// The defaults.
        public init() {}
    }

    private let source: EtcdEndpoints
    private let destination: EtcdEndpoints
    private let options: Options

    /// Makes a proof of all members of two clusters.
    public init(source: EtcdEndpoints, destination: EtcdEndpoints, options: Options = Options()) {
        self.source = source
        self.destination = destination
        self.options = options
    }

    /// Compares everything at `revision`, which both clusters must reach while it waits.
    ///
    /// Leases and users have no revisions: they are compared as they are now, which is exact only while nobody writes.
    ///
    /// - Throws: `ReplicationError` with `unavailable` if a member does not answer or does not reach the revision,
    ///   `compacted` if the revision is gone. Differences are no error: see `ExactEvidence.isEqual`.
    public func prove(at revision: Int64) async throws -> ExactEvidence {
        var evidence = try await proveKeyspace(at: revision)
        try await compareLeases(&evidence)
        try await compareUsers(&evidence)
        return evidence
    }

    /// Compares the keyspace alone, which may also be done at a revision of the past while the source is written to.
    ///
    /// - Throws: as `prove(at:)`.
    public func proveKeyspace(at revision: Int64) async throws -> ExactEvidence {
        var evidence = ExactEvidence(revision: revision)
        for attempt in 1... {
            async let ofSource = hashes(source.clients, revision)
            async let ofDestination = hashes(destination.clients, revision)
            (evidence.source, evidence.destination) = try await (ofSource, ofDestination)
            guard attempt < options.attempts, let target = compactionToMake(evidence) else { break }
            guard target > 0 else { continue }
            try await compactDestination(at: target)
        }
        evidence.differences += differences(evidence)
        return evidence
    }

    /// Where the destination must be compacted; 0 if the source itself is in the midst of it, nil if all is comparable.
    private func compactionToMake(_ evidence: ExactEvidence) -> Int64? {
        let atSource = Set(evidence.source.map(\.compactRevision))
        guard atSource.count == 1, let target = atSource.first else { return 0 }
        let behind = evidence.destination.contains { $0.compactRevision < target }
        return behind ? target : nil
    }

    private func differences(_ evidence: ExactEvidence) -> [ExactDifference] {
        guard let expected = evidence.source.first else { return [] }
        return (evidence.source.dropFirst() + evidence.destination).compactMap { member in
            if member.compactRevision != expected.compactRevision {
                return .compaction(
                    member: member.endpoint, expected: expected.compactRevision, found: member.compactRevision)
            }
            guard member.hash != expected.hash else { return nil }
            return .hash(member: member.endpoint, expected: expected.hash, found: member.hash)
        }
    }

    private func compactDestination(at revision: Int64) async throws {
        do throws(EtcdError) {
            try await destination.perform(rounds: 3) { (client) throws(EtcdError) in
                try await client.compact(at: revision)
            }
        } catch {
            guard error.code == .compacted else { throw ReplicationError(error, ClusterHead.name(destination)) }
        }
    }

    private func hashes(_ members: [EtcdClient], _ revision: Int64) async throws -> [ExactEvidence.MemberHash] {
        var hashes: [ExactEvidence.MemberHash] = []
        for member in members {
            let answer = try await hash(of: member, revision)
            hashes.append(
                ExactEvidence.MemberHash(
                    endpoint: member.endpoint.url, memberID: answer.header.memberID, hash: answer.hash,
                    compactRevision: answer.compactRevision))
        }
        return hashes
    }

    private func hash(of member: EtcdClient, _ revision: Int64) async throws -> HashKV {
        let clock = ContinuousClock()
        let deadline = clock.now + options.timeout
        while true {
            do throws(EtcdError) {
                return try await member.hashKV(revision: revision, timeout: options.timeout)
            } catch {
                // A follower may be behind for a moment.
                guard error.code == .futureRevision, clock.now < deadline else {
                    throw ReplicationError(error, member.endpoint.url)
                }
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private func compareLeases(_ evidence: inout ExactEvidence) async throws {
        async let ofSource = leases(of: source)
        async let ofDestination = leases(of: destination)
        let (expected, found) = try await (ofSource, ofDestination)
        evidence.leasesCompared = expected.count
        for (id, lease) in expected.sorted(by: { $0.key < $1.key }) {
            guard let other = found[id] else {
                evidence.differences.append(.leaseMissing(id))
                continue
            }
            if lease.granted != other.granted {
                evidence.differences.append(
                    .leaseTimeToLive(
                        id, source: lease.granted.components.seconds, destination: other.granted.components.seconds))
            }
            let (atSource, atDestination) = (Set(lease.keys), Set(other.keys))
            if atSource != atDestination {
                evidence.differences.append(
                    .leaseKeys(
                        id, onlyAtSource: atSource.subtracting(atDestination).count,
                        onlyAtDestination: atDestination.subtracting(atSource).count))
            }
        }
        evidence.differences += found.keys.filter { expected[$0] == nil }.sorted().map { .leaseUnexpected($0) }
    }

    private func leases(of cluster: EtcdEndpoints) async throws -> [Int64: LeaseStatus] {
        do throws(EtcdError) {
            let ids = try await cluster.perform { (client) throws(EtcdError) in try await client.leases() }
            return try await LeaseSurvey.read(
                ids, in: cluster, includesKeys: true, concurrency: options.concurrency)
        } catch {
            throw ReplicationError(error, ClusterHead.name(cluster))
        }
    }

    private func compareUsers(_ evidence: inout ExactEvidence) async throws {
        async let ofSource = AuthSurvey.read(source)
        async let ofDestination = AuthSurvey.read(destination)
        let (expected, found) = try await (ofSource, ofDestination)
        evidence.usersCompared = expected.users.count
        evidence.rolesCompared = expected.roles.count
        if expected.isEnabled != found.isEnabled {
            evidence.differences.append(.authentication(source: expected.isEnabled, destination: found.isEnabled))
        }
        let users = Set(expected.users.keys).union(found.users.keys).sorted()
        evidence.differences += users.filter { expected.users[$0] != found.users[$0] }.map { .user($0) }
        let roles = Set(expected.roles.keys).union(found.roles.keys).sorted()
        evidence.differences += roles.filter { expected.roles[$0] != found.roles[$0] }.map { .role($0) }
    }
}

/// The users and roles of a cluster; passwords cannot be read.
private struct AuthSurvey: Sendable {
    var isEnabled = false
    var users: [String: Set<String>] = [:]
    var roles: [String: Set<EtcdPermission>] = [:]

    static func read(_ cluster: EtcdEndpoints) async throws -> AuthSurvey {
        do throws(EtcdError) {
            return try await cluster.perform(rounds: 3) { (client) throws(EtcdError) in
                var survey = AuthSurvey()
                for user in try await client.users() { survey.users[user] = Set(try await client.userRoles(user)) }
                for role in try await client.roles() {
                    survey.roles[role] = Set(try await client.rolePermissions(role))
                }
                // Without a user named root it cannot be on, and asking costs an attempt to log in.
                survey.isEnabled = survey.users["root"] == nil ? false : try await client.hasAuthentication()
                return survey
            }
        } catch {
            throw ReplicationError(error, ClusterHead.name(cluster))
        }
    }
}
