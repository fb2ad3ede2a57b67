import Etcd
import Model

extension StatusSample {
    /// A member's Status in the terms of an observation.
    init(_ status: EtcdStatus) {
        self.init(
            clusterID: status.header.clusterID, memberID: status.header.memberID, version: status.version,
            leader: status.leader, raftTerm: status.raftTerm, raftIndex: status.raftIndex,
            raftAppliedIndex: status.raftAppliedIndex, revision: status.header.revision, dbSize: status.databaseSize,
            dbSizeInUse: status.databaseSizeInUse, isLearner: status.isLearner,
            alarms: status.errors.compactMap(RaisedAlarm.init(statusError:)),
            // A missing leader is told by `leader` as well; alarms are told apart from other complaints.
            errors: status.errors.filter { RaisedAlarm(statusError: $0) == nil && !$0.contains("no leader") })
    }
}

extension RaisedAlarm {
    /// Reads an alarm as a member prints it among the errors of its Status; nil if the error is another one.
    ///
    /// etcd prints its message as text, `memberID:10276657743932975437 alarm:NOSPACE` (`maintenanceServer.Status`).
    init?(statusError text: String) {
        var member: UInt64?
        var kind: Kind?
        for word in text.split(separator: " ") {
            if word.hasPrefix("memberID:") { member = UInt64(word.dropFirst(9)) }
            if word.hasPrefix("alarm:") { kind = Kind(rawValue: String(word.dropFirst(6))) }
        }
        guard let member, let kind else { return nil }
        self.init(kind: kind, memberID: member)
    }
}
