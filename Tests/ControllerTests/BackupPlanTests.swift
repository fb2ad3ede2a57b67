import Model
import Testing

@testable import Controller

struct BackupPlanTests {
    static let start = Timestamp(secondsSinceEpoch: 1_795_237_200)

    static func backup(
        _ phase: BackupPhase, minutes: Int64, revision: Int64 = 1, scheduled: Bool = true, incarnation: String = "a"
    ) -> EtcdBackup {
        var backup = EtcdBackup()
        backup.metadata = ObjectMeta(name: "b-\(minutes)")
        if scheduled { backup.metadata.labels[EtcdBackup.scheduledLabel] = "true" }
        backup.status.phase = phase
        backup.status.revision = revision
        backup.status.incarnation = incarnation
        backup.status.message = "disk full"
        if phase == .succeeded || phase == .failed {
            backup.status.completionTime = start + .seconds(minutes * 60)
        }
        return backup
    }

    static func policy(interval: Duration? = .seconds(3600), schedule: String? = nil) -> BackupPolicy {
        var policy = BackupPolicy()
        policy.interval = interval
        policy.schedule = schedule
        return policy
    }

    private func due(_ backups: [EtcdBackup], _ policy: BackupPolicy, afterMinutes minutes: Int64) -> Int64? {
        let plan = BackupSchedulePlan(backups, incarnation: "a")
        return plan.due(by: policy, at: Self.start + .seconds(minutes * 60)).map {
            ($0 - Self.start).components.seconds / 60
        }
    }

    @Test("The first backup is due at once, by interval or by schedule")
    func first() {
        #expect(due([], Self.policy(), afterMinutes: 5) == 5)
        #expect(due([], Self.policy(interval: nil, schedule: "0 3 * * *"), afterMinutes: 5) == 5)
    }

    @Test("Only where none was made, tried or begun is there none")
    func none() {
        #expect(BackupSchedulePlan([], incarnation: "a").hasNone)
        #expect(BackupSchedulePlan([Self.backup(.succeeded, minutes: 0, incarnation: "b")], incarnation: "a").hasNone)
        for phase in [BackupPhase.succeeded, .failed, .running, .pending] {
            #expect(!BackupSchedulePlan([Self.backup(phase, minutes: 0)], incarnation: "a").hasNone)
        }
    }

    @Test("Jitter puts a backup off by the same part of it each time, another one for each cluster")
    func jitter() {
        var policy = Self.policy(interval: nil, schedule: "0 3 * * *")
        policy.jitter = .seconds(3600)
        let without = Self.policy(interval: nil, schedule: "0 3 * * *")
        let shares = (0..<200).map { BackupSchedulePlan.share(of: "incarnation-\($0)") }
        #expect(shares.allSatisfy { (0..<1).contains($0) } && Set(shares).count == 200)
        #expect(shares.count { $0 < 0.5 } > 60 && shares.count { $0 > 0.5 } > 60)
        let backups = [Self.backup(.succeeded, minutes: 0)]
        let plan = BackupSchedulePlan(backups, incarnation: "a")
        let (late, early) = (plan.due(by: policy, at: Self.start), plan.due(by: without, at: Self.start))
        let delay = late.flatMap { late in early.map { late - $0 } }
        #expect(delay == .seconds(Int64(3600 * BackupSchedulePlan.share(of: "a"))))
        // The first is made at once all the same.
        #expect(due([], policy, afterMinutes: 5) == 5)
    }

    @Test("The interval counts from the last good backup")
    func interval() {
        let backups = [Self.backup(.succeeded, minutes: 0), Self.backup(.succeeded, minutes: 30)]
        #expect(due(backups, Self.policy(), afterMinutes: 40) == 90)
    }

    @Test("A schedule fires at its next time after the last good backup, also if that was missed")
    func schedule() {
        // The start is 05:00; the schedule fires at 05:30.
        let policy = Self.policy(interval: nil, schedule: "30 * * * *")
        #expect(due([Self.backup(.succeeded, minutes: 0)], policy, afterMinutes: 10) == 30)
        #expect(due([Self.backup(.succeeded, minutes: 0)], policy, afterMinutes: 300) == 30)
    }

    @Test("Backups of another life of the cluster count for nothing")
    func otherIncarnation() {
        #expect(due([Self.backup(.succeeded, minutes: 0, incarnation: "b")], Self.policy(), afterMinutes: 5) == 5)
    }

    @Test("Nothing is due while one is under way, or while suspended")
    func waiting() {
        #expect(due([Self.backup(.running, minutes: 0)], Self.policy(), afterMinutes: 5) == nil)
        #expect(due([Self.backup(.pending, minutes: 0)], Self.policy(), afterMinutes: 5) == nil)
        #expect(due([Self.backup(.running, minutes: 0, scheduled: false)], Self.policy(), afterMinutes: 5) == 5)
        var suspended = Self.policy()
        suspended.suspend = true
        #expect(due([], suspended, afterMinutes: 5) == nil)
    }

    @Test("After failures the next attempt waits longer and longer, and never for ever")
    func failures() {
        let failures = (0..<20).map { Self.backup(.failed, minutes: Int64($0)) }
        #expect(due([failures[0]], Self.policy(), afterMinutes: 1) == 1)
        #expect(due(Array(failures[0...2]), Self.policy(), afterMinutes: 2) == 4)
        #expect(due(failures, Self.policy(), afterMinutes: 20) == 49)
    }

    @Test("The condition tells a good, an overdue, a failed and a missing backup apart")
    func condition() {
        func status(_ backups: [EtcdBackup], afterMinutes minutes: Int64) -> (ConditionStatus, String) {
            let condition = BackupSchedulePlan(backups, incarnation: "a").condition(
                by: Self.policy(), at: Self.start + .seconds(minutes * 60))
            return (condition.status, condition.reason)
        }
        #expect(status([], afterMinutes: 1) == (.unknown, "NoneYet"))
        #expect(status([Self.backup(.failed, minutes: 0)], afterMinutes: 1) == (.false, "BackupFailed"))
        #expect(status([Self.backup(.succeeded, minutes: 0)], afterMinutes: 30) == (.true, "BackupSucceeded"))
        #expect(status([Self.backup(.succeeded, minutes: 0)], afterMinutes: 130) == (.false, "BackupOverdue"))
        #expect(
            status([Self.backup(.succeeded, minutes: 0), Self.backup(.failed, minutes: 9)], afterMinutes: 30)
                == (.false, "BackupFailed"))
    }

    @Test("The newest good backup is found by time, never by name")
    func newest() {
        let backups = [2, 10, 9, 1].map { Self.backup(.succeeded, minutes: $0, revision: $0 * 100) }
        #expect(BackupSchedulePlan(backups, incarnation: "a").good.map(\.status.revision) == [1000, 900, 200, 100])
    }

    @Test("A schedule that was missed twice is overdue even if nothing failed", arguments: [(60, true), (125, false)])
    func missedSchedule(minutes: Int64, isReady: Bool) {
        let plan = BackupSchedulePlan([Self.backup(.succeeded, minutes: 0)], incarnation: "a")
        let condition = plan.condition(
            by: Self.policy(interval: nil, schedule: "0 * * * *"), at: Self.start + .seconds(minutes * 60))
        #expect(condition.status == (isReady ? .true : .false), "\(condition)")
        #expect(isReady || condition.reason == "BackupOverdue")
    }

    @Test("A newest backup in doubt is not ready, and it is not known to be bad either")
    func doubt() {
        var newest = Self.backup(.succeeded, minutes: 9)
        newest.status.conditions.set(
            Condition(.consistent, .false, reason: "MembersDiffered", message: "taken from b while …"), at: .now,
            generation: 1)
        let condition = BackupSchedulePlan([Self.backup(.succeeded, minutes: 5), newest], incarnation: "a")
            .condition(by: Self.policy(), at: Self.start + .seconds(600))
        #expect(condition.status == .unknown && condition.reason == "BackupInDoubt")
        #expect(condition.message.hasSuffix("taken from b while …"))
    }

    @Test("Failures before the newest good backup are still seen by retention")
    func oldFailures() {
        let plan = BackupSchedulePlan(
            [Self.backup(.failed, minutes: 1), Self.backup(.succeeded, minutes: 5), Self.backup(.failed, minutes: 9)],
            incarnation: "a")
        #expect(plan.failed.map(\.metadata.name) == ["b-9"])
        #expect(plan.everFailed.map(\.metadata.name) == ["b-9", "b-1"])
    }
}

struct BackupSourceTests {
    private func member(_ name: String, leads: Bool = false, applied: UInt64 = 5000, serves: Bool = true)
        -> MemberHealth
    {
        let id = UInt64(name.utf8.last ?? 0)
        var member = MemberHealth(name: name, id: id, endpoint: "http://127.0.0.1:1", isLearner: false)
        member.status = .answered(
            Timed(
                StatusSample(
                    clusterID: 1, memberID: id, version: "3.4.23", leader: leads ? id : 1, raftTerm: 1,
                    raftIndex: applied,
                    raftAppliedIndex: applied, revision: 1, dbSize: 1, dbSizeInUse: 1, isLearner: false), .zero))
        member.linearizableRead = serves ? .answered(.zero) : .failed(EvidenceFailure(.noLeader, "no leader"))
        return member
    }

    private func choice(
        _ members: [MemberHealth], excluding accused: Set<String> = [], doubt: String? = nil
    ) -> BackupSource.Choice? {
        let health = HealthObservation(takenAt: Timestamp(secondsSinceEpoch: 0), members: members)
        var suspicion = Suspicion()
        suspicion.culprits = accused.map {
            MemberEvidence(member: $0, endpoint: "", verdict: .diverged, figures: [:], message: "")
        }
        suspicion.doubt = doubt
        return try? BackupSource.choose(from: health, against: suspicion).get()
    }

    @Test("A follower is taken before the leader, and the one that applied most among them")
    func follower() {
        #expect(
            choice([member("a", leads: true, applied: 9000), member("b"), member("c", applied: 7000)])?.member.name
                == "c")
    }

    @Test("The leader is taken where nobody else serves")
    func leader() {
        #expect(choice([member("a", leads: true), member("b", serves: false)])?.member.name == "a")
    }

    @Test("A member accused of other data is never taken, not even as the last")
    func accused() {
        #expect(choice([member("a", leads: true), member("b")], excluding: ["b"])?.member.name == "a")
        #expect(choice([member("b")], excluding: ["b"]) == nil)
    }

    @Test("Where no majority tells who is right, one of the accused is taken, and the doubt goes with it")
    func undecided() {
        let members = [member("a", leads: true), member("b")]
        let both = choice(members, excluding: ["a", "b"], doubt: "a and b differ")
        #expect(both?.member.name == "b" && both?.doubt == "a and b differ")
        // Who is not accused comes first, and is in doubt too.
        let third = choice(members + [member("c", applied: 1)], excluding: ["a", "b"], doubt: "a and b differ")
        #expect(third?.member.name == "c" && third?.doubt == "a and b differ")
        #expect(choice(members, excluding: ["b"])?.doubt == nil)
    }

    @Test("Nothing is taken from a cluster without quorum")
    func noQuorum() {
        #expect(choice([member("a", serves: false)]) == nil)
    }
}
