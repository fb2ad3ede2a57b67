extension MemberStatus {
    /// Takes over what a member's ladder of probes showed; figures it did not give stay as they were.
    public mutating func update(from member: MemberHealth) {
        name = member.name
        endpoint = member.endpoint
        if let id = member.id { self.id = String(id, radix: 16) }
        guard let sample = member.status.answer?.answer else {
            role = member.isLearner ? .learner : .unknown
            phase = member.connection.answer == nil ? .unreachable : .unhealthy
            message = (member.connection.failure ?? member.status.failure)?.message ?? ""
            return
        }
        role = member.isLearner ? .learner : sample.leader == sample.memberID ? .leader : .follower
        version = sample.version
        dbSize = ByteCount(sample.dbSize)
        dbSizeInUse = ByteCount(sample.dbSizeInUse)
        revision = sample.revision
        raftTerm = Int64(clamping: sample.raftTerm)
        raftIndex = Int64(clamping: sample.raftIndex)
        raftAppliedIndex = Int64(clamping: sample.raftAppliedIndex)
        let isServing = member.isLearner ? member.serializableRead.answer != nil : member.linearizableRead.answer != nil
        phase = isServing ? .running : .unhealthy
        message = isServing ? "" : (member.serializableRead.failure ?? member.linearizableRead.failure)?.message ?? ""
        if !isServing { role = member.isLearner ? .learner : .unknown }
    }
}
