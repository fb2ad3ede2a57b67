public import Telemetry

/// The parts of the controller, run together: they start together, and the failure of one stops all.
public struct Manager: Sendable {
    private let components: [any Component]
    private let logger: Logger

    /// A manager of these parts.
    public init(_ components: [any Component], logger: Logger) {
        self.components = components
        self.logger = logger
    }

    /// Runs all parts until the task is cancelled, which lets each finish what it must not leave half done.
    ///
    /// - Throws: the error of the first part that failed.
    public func run() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            for component in components {
                group.addTask {
                    do {
                        try await component.run()
                    } catch  where !Task.isCancelled {
                        logger.error(
                            "A part of the controller failed; the controller stops",
                            [
                                "part": .text(component.name), "error": .text("\(error)"),
                            ])
                        throw error
                    }
                }
            }
        }
    }
}
