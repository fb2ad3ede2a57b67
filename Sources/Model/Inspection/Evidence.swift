/// One thing that was asked of a member: not asked, failed with a reason, or answered.
public enum Evidence<Answer: Sendable & Equatable>: Sendable, Equatable {
    /// Nobody asked, because an earlier step made the question pointless.
    case notAsked
    /// The question was asked and not answered; the reason is a sentence.
    case failed(EvidenceFailure)
    /// The answer.
    case answered(Answer)

    /// The answer, if there is one.
    public var answer: Answer? {
        if case .answered(let answer) = self { answer } else { nil }
    }

    /// Why there is no answer, if the question was asked.
    public var failure: EvidenceFailure? {
        if case .failed(let failure) = self { failure } else { nil }
    }
}

/// Why a question to a member has no answer.
public struct EvidenceFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The classes of failure that lead to different findings.
    public enum Class: Sendable, Equatable {
        /// No connection could be made.
        case unreachable
        /// Connected, but no answer in time.
        case timeout
        /// The member has no leader, or lost it while it was asked.
        case noLeader
        /// We were not let in: certificate, user or password.
        case refused
        /// The revision asked for is compacted away.
        case compacted
        /// The revision asked for is not there yet.
        case futureRevision
        /// The member reports that its data is corrupt.
        case corrupt
        /// Anything else.
        case other
    }

    /// The class.
    public let failureClass: Class
    /// The failure in a sentence.
    public let message: String

    /// Creates a failure.
    public init(_ failureClass: Class, _ message: String) {
        self.failureClass = failureClass
        self.message = message
    }

    /// The sentence.
    public var description: String { message }
}

/// An answer and how long it took.
public struct Timed<Answer: Sendable & Equatable>: Sendable, Equatable {
    /// The answer.
    public let answer: Answer
    /// How long it took.
    public let duration: Duration

    /// Creates a timed answer.
    public init(_ answer: Answer, _ duration: Duration) {
        self.answer = answer
        self.duration = duration
    }
}
