internal import Etcd

/// The pages of one side, read ahead while the other side is waited for.
typealias KeyspacePages = Handover<RangePage>

extension Handover where Element == RangePage {
    /// Reads a range at one revision and lends its pages to `body`; `subject` names the side in errors.
    static func withPages<Result>(
        of endpoints: EtcdEndpoints, _ subject: String, _ range: KeyRange, at revision: Int64,
        _ options: KeyspaceReader.Options, _ body: (KeyspacePages) async throws -> Result
    ) async throws -> Result {
        let pages = KeyspacePages(capacity: 2)
        return try await withTaskCancellationHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    do {
                        let reader = KeyspaceReader(endpoints, range, revision: revision, options: options)
                        try await reader.forEachPage { try await pages.send($0) }
                        pages.end(.success(()))
                    } catch let error as EtcdError {
                        pages.end(.failure(ReplicationError(error, subject)))
                    } catch {
                        pages.end(.failure(error))
                    }
                }
                defer {
                    pages.end(.failure(CancellationError()))
                    group.cancelAll()
                }
                return try await body(pages)
            }
        } onCancel: {
            pages.end(.failure(CancellationError()))
        }
    }
}
