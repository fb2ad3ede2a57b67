/// A part of the controller that runs as long as the controller does.
public protocol Component: Sendable {
    /// What it is called in logs.
    var name: String { get }

    /// Works until the task is cancelled; a throw stops the whole controller.
    func run() async throws
}
