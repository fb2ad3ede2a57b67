import Synchronization

/// Remembers what has been said, so that it is said once.
final class SaidOnce: Sendable {
    private let said = Mutex<Set<String>>([])

    /// Notes a sentence; whether it is new.
    func add(_ sentence: String) -> Bool { said.withLock { $0.insert(sentence).inserted } }
}
