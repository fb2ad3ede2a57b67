import Model
import Nodes

extension LocalProvider {
    /// Where the changes of a migration's source are kept, by the number of the filling; former ones are removed.
    func makeSpool(migration uid: String, seeding: Int64) async throws(NodeError) -> String {
        for former in 0..<max(0, seeding) { try await supervisor.removeDirectory("\(spools(of: uid))/\(former)") }
        try await supervisor.makeDirectory(spools(of: uid))
        return "\(spools(of: uid))/\(seeding)"
    }

    /// Removes all that was kept for a migration.
    func removeSpool(migration uid: String) async throws(NodeError) {
        try await supervisor.removeDirectory(spools(of: uid))
    }

    private nonisolated func spools(of uid: String) -> String { "\(root.path)/.migration/\(uid)" }
}
