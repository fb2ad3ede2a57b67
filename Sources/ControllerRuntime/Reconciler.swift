public import Model

/// A type that brings records of one kind to what their spec says.
///
/// The loop reads the record, calls, and stores what the reconciler wrote into it: the status, and changes of labels,
/// annotations and finalizers; also after a throw, so that a status tells of failures. Reconcilers write no record of
/// their own kind by other ways. The same record is never worked on twice at once.
///
/// A pass is short and starts from what it observes, not from what it remembers. What must be on record before an
/// irreversible step is written by ending the pass with ``Outcome/again(after:because:)`` and a delay of zero: the
/// next pass then finds it stored and takes the step.
public protocol Reconciler<Object>: Sendable {
    /// The records worked on.
    associatedtype Object: SpecifiedResource

    /// Looks at one record and does the next thing for it.
    ///
    /// - Parameter object: the record as stored; what is written into it is stored after the pass.
    /// - Returns: whether and when to come back without being woken.
    /// - Throws: any error for a failure that is retried with growing waits; ``TerminalError`` for one that is not.
    func reconcile(_ object: inout Object) async throws -> Outcome

    /// Whether what a pass made of a record says nothing new: only times, counts and figures of measurements differ.
    ///
    /// Such a status is shown at once and written only now and then (``LoopOptions/routineAge``), so that a fleet of
    /// which nothing is to be told does not fill its store with it. Watches are not told of it.
    ///
    /// - Parameters:
    ///   - object: the record after the pass; nothing but its status differs.
    ///   - base: the record before it.
    /// - Returns: whether it may be shown without being written.
    func isRoutine(_ object: Object, since base: Object) -> Bool
}

extension Reconciler {
    /// Every change is news.
    public func isRoutine(_ object: Object, since base: Object) -> Bool { false }
}

/// How a pass over a record ended, if it did not fail.
public enum Outcome: Sendable, Equatable {
    /// There is nothing to do until the record changes or is woken.
    case settled
    /// There is something to see or do after this time; waiting is not failing.
    case again(after: Duration, because: String)
}

/// A failure that another try cannot mend; the record is left alone until it changes or is woken.
public struct TerminalError: Error, Sendable, CustomStringConvertible {
    /// The sentence for the log.
    public let description: String

    /// A failure told in a sentence.
    public init(_ description: String) {
        self.description = description
    }
}

/// The failure of a pass that took longer than it may.
public struct PassTimeout: Error, Sendable, Equatable, CustomStringConvertible {
    /// The time it had.
    public let limit: Duration

    /// The sentence for the log.
    public var description: String { "the pass did not end within \(limit) and was cancelled" }
}
