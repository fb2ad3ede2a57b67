import Model

/// Has a server say once that it is a Lodestone controller, before anything else is asked of it.
///
/// Needed where a kubeconfig was found and not named: kubectl's own files mostly speak of Kubernetes clusters, and a
/// `lodestone delete` must never get to one by accident.
actor ServerProof {
    private let context: String
    private let file: String
    private var isGiven = false

    init(context: String, file: String) {
        self.context = context
        self.file = file
    }

    /// Asks for the version unless that was done before.
    ///
    /// - Throws: `APIError.unreachable` if the server is something else: there is no controller to be reached this way.
    func demand(_ version: () async throws -> [UInt8]) async throws {
        guard !isGiven else { return }
        let answer: [UInt8]
        do {
            answer = try await version()
        } catch APIError.refused(let status) {
            throw notOurs("answers \(status.code) to the question for its version")
        }
        let name = (try? Value(json: answer))?["gitVersion"]?.string ?? ""
        guard name.contains("lodestone") else {
            throw notOurs(name.isEmpty ? "does not say what it is" : "is Kubernetes \(name)")
        }
        isGiven = true
    }

    private func notOurs(_ what: String) -> APIError {
        .unreachable(
            "the server of the context \"\(context)\" in \(file) is no Lodestone controller: it \(what). Nothing else was "
                + "asked of it. Name the kubeconfig of a controller with --kubeconfig or LODESTONE_KUBECONFIG, or "
                + "another context with --context")
    }
}
