import Model

/// How far up its ladder of probes a member got, and what follows.
struct Standing {
    /// The rung that did not hold, or how the top one did.
    enum Outcome {
        case unreachable(EvidenceFailure)
        case refused(EvidenceFailure)
        case silent(EvidenceFailure)
        case readFailed(EvidenceFailure)
        case withoutQuorum(EvidenceFailure)
        case slow(Duration)
        case serving
        case notProbed
        case foreign(UInt64)
    }

    let outcome: Outcome

    init(of member: MemberHealth, in observation: HealthObservation, thresholds: InspectionThresholds) {
        if observation.isForeign(member), let sample = member.status.answer?.answer {
            outcome = .foreign(sample.clusterID)
        } else if case .failed(let failure) = member.connection {
            outcome = .unreachable(failure)
        } else if case .failed(let failure) = member.status {
            outcome = failure.failureClass == .refused ? .refused(failure) : .silent(failure)
        } else if case .failed(let failure) = member.serializableRead {
            outcome = failure.failureClass == .refused ? .refused(failure) : .readFailed(failure)
        } else if member.isLearner, case .answered = member.serializableRead {
            // A learner answers no linearizable reads; a read of its own store is the top of its ladder.
            outcome = .serving
        } else {
            switch member.linearizableRead {
            case .failed(let failure):
                outcome = failure.failureClass == .refused ? .refused(failure) : .withoutQuorum(failure)
            case .answered(let duration): outcome = duration > thresholds.slowProbe ? .slow(duration) : .serving
            case .notAsked: outcome = .notProbed
            }
        }
    }

    /// Whether a linearizable read, or a learner's own read, came back.
    var serves: Bool {
        switch outcome {
        case .serving, .slow: true
        default: false
        }
    }

    /// Whether not even a connection was made.
    var isUnreachable: Bool {
        if case .unreachable = outcome { true } else { false }
    }

    /// Whether the member does not let us in.
    var isRefused: Bool {
        if case .refused = outcome { true } else { false }
    }

    /// Whether the member itself answered anything: what it says can then be told from a broken way there.
    var answers: Bool {
        switch outcome {
        case .serving, .slow, .withoutQuorum, .readFailed: true
        default: false
        }
    }

    /// A member that has not told its name is known by its address alone.
    private static func subject(_ member: MemberHealth) -> String {
        member.name == member.endpoint ? member.name : "\(member.name) at \(member.endpoint)"
    }

    func finding(for member: MemberHealth, severity: Severity) -> Finding? {
        let name = member.name
        switch outcome {
        // Members of another cluster are one finding of the whole, and not one for each.
        case .foreign: return nil
        case .serving:
            guard let errors = member.status.answer?.answer.errors, !errors.isEmpty else { return nil }
            return Finding(
                .memberComplains, .warning, members: [name], "\(name) reports: \(errors.joined(separator: "; "))",
                remedy: "Follow what the member reports; etcd's log has the details.")
        case .unreachable(let failure):
            return Finding(
                .memberUnreachable, severity, members: [name],
                "\(Self.subject(member)) cannot be reached: \(failure)",
                remedy: "Check that the member runs and that its client address is reachable from here.")
        case .refused(let failure):
            return Finding(
                .accessRefused, .critical, members: [name], "\(Self.subject(member)) refuses us: \(failure)",
                remedy: "Check the user, the password and the certificates that are given for the cluster.")
        case .silent(let failure) where failure.failureClass != .timeout:
            // The connection ended or was ended: a matter of certificates, TLS or what listens there, not of load.
            return Finding(
                .memberSilent, severity, members: [name],
                "\(Self.subject(member)) takes connections, but a call fails: \(failure)",
                remedy: "Check the endpoint, its scheme (http or https) and the certificates; then the member's log.")
        case .silent(let failure):
            return Finding(
                .memberSilent, severity, members: [name],
                "\(Self.subject(member)) takes connections but does not answer: \(failure)",
                remedy: "Look at the member's log, its disk and its load; a stopped process takes connections too.")
        case .readFailed(let failure):
            return Finding(
                .memberReadFails, severity, members: [name], "\(name) cannot read its own store: \(failure)",
                remedy: "Look at the member's log and disk; replace the member if its database is damaged.")
        case .withoutQuorum(let failure):
            return Finding(
                .memberWithoutQuorum, severity, members: [name],
                "\(name) answers for itself but cannot confirm a read with the others: \(failure)",
                remedy: "Check the network between the members on their peer addresses.")
        case .slow(let duration):
            return Finding(
                .slowProbe, .warning, members: [name], "\(name) took \(duration.figure) for a linearizable read",
                remedy: "Look at the disk latency (etcd_disk_wal_fsync_duration_seconds) and the load of the members.")
        case .notProbed:
            return Finding(
                .notObserved, .warning, members: [name], "\(name) was not probed to the end",
                remedy: "Raise the inspection's timeout if this stays.")
        }
    }

    func evidence(of member: MemberHealth) -> MemberEvidence {
        var figures: [String: String] = [:]
        figures["connect"] = member.connection.answer?.figure
        figures["status"] = member.status.answer?.duration.figure
        figures["serializableRead"] = member.serializableRead.answer?.figure
        figures["linearizableRead"] = member.linearizableRead.answer?.figure
        if let sample = member.status.answer?.answer {
            figures["revision"] = String(sample.revision)
            figures["raftTerm"] = String(sample.raftTerm)
        }
        let verdict: Verdict =
            switch outcome {
            case .serving: .healthy
            case .slow, .readFailed, .withoutQuorum: .degraded
            case .unreachable, .silent: .unreachable
            case .refused, .notProbed, .foreign: .unknown
            }
        var message = finding(for: member, severity: .warning)?.message ?? "serves"
        if case .foreign(let id) = outcome { message = "belongs to cluster \(String(id, radix: 16))" }
        return MemberEvidence(
            member: member.name, endpoint: member.endpoint, verdict: verdict, figures: figures, message: message)
    }
}
