import Etcd
import Model
import Transport

extension EvidenceFailure {
    /// The failure that an error of etcd means to an inspection.
    init(_ error: EtcdError) {
        let failureClass: Class =
            switch error.code {
            case .timeout: .timeout
            case .noLeader, .leaderChanged: .noLeader
            case .untrusted, .unauthenticated, .wrongPassword, .permissionDenied, .authNotEnabled: .refused
            case .compacted: .compacted
            case .futureRevision: .futureRevision
            case .corrupt: .corrupt
            case .unavailable: error.wasSent == .no ? .unreachable : .other
            default: .other
            }
        // Where it happened stands beside the failure already.
        self.init(failureClass, error.message)
    }

    /// Runs a call and turns its error into a failure.
    static func catching<Answer: Sendable>(
        _ body: () async throws(EtcdError) -> Answer
    ) async -> Result<Answer, EvidenceFailure> {
        do {
            return .success(try await body())
        } catch {
            return .failure(EvidenceFailure(error))
        }
    }
}

extension Evidence {
    /// Asks a question; its error is a failure.
    static func asking(_ body: () async throws(EtcdError) -> Answer) async -> Evidence {
        do {
            return .answered(try await body())
        } catch {
            return .failed(EvidenceFailure(error))
        }
    }
}
