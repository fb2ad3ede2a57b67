public import Transport

/// A call to etcd that did not succeed.
public struct EtcdError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong.
    public let code: Code
    /// What etcd said, or a sentence about what happened on the way to it.
    public let message: String
    /// The URL of the member that was asked.
    public let endpoint: String
    /// Whether the request reached the member, as far as the client can know.
    public let wasSent: Sent
    /// Whether the request may reach etcd twice without harm.
    public let isIdempotent: Bool
    /// The revision up to which history is gone, with `Code.compacted` where etcd names it.
    public let compactRevision: Int64?

    /// Makes an error.
    public init(
        _ code: Code, _ message: String, endpoint: String, wasSent: Sent = .yes, isIdempotent: Bool = false,
        compactRevision: Int64? = nil
    ) {
        self.code = code
        self.message = message
        self.endpoint = endpoint
        self.wasSent = wasSent
        self.isIdempotent = isIdempotent
        self.compactRevision = compactRevision
    }

    /// Whether sending the same request again, here or to another member, may help and can do no harm.
    ///
    /// It may help if the failure is of the passing kind. It can do no harm if the request certainly had no effect
    /// (it never left, or the member refused it before proposing it), or if it may be applied twice.
    public var isRetryable: Bool {
        code.isTransient && (isIdempotent || hadNoEffect)
    }

    /// Whether the request certainly changed nothing.
    public var hadNoEffect: Bool {
        wasSent == .no || (wasSent == .yes && code.meansNotApplied)
    }

    /// Whether another member may give a better answer to the same request, and asking it can do no harm.
    public var mayRetryElsewhere: Bool {
        isRetryable || (hadNoEffect && code.isAboutThisMember)
    }

    /// The endpoint, what went wrong, and what is not known, in one sentence.
    public var description: String {
        let doubt = wasSent == .unknown && !isIdempotent ? " It is not known whether the request took effect." : ""
        let remedy = code.remedy.map { " \($0)" } ?? ""
        return "etcd at \(endpoint): \(code.summary): \(message).\(doubt)\(remedy)"
            .replacing("..", with: ".")
    }
}
