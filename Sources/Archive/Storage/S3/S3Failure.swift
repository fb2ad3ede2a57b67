import Model
import Transport

/// A request that an object storage refused or did not answer.
struct S3Failure: Error {
    /// What is known of it.
    enum Cause {
        /// The server's answer: its status, and the code and text of its XML where there is one.
        case answer(status: Int, code: String, message: String)
        /// No answer.
        case none(HTTPClientError)
        /// An answer that says nothing anybody could act on.
        case malformed(String)
    }

    /// What is known of it.
    let cause: Cause
    /// The region the server names, where it names one.
    var region: String?
    /// What the server's clock says, where it says so.
    var serverTime: String?

    /// A failure of another kind than a refusal.
    init(_ cause: Cause) {
        self.cause = cause
    }

    /// Reads what a refusal says.
    ///
    /// `accessKeyID` is taken out of texts, which some servers put it into.
    init(_ head: HTTPClientHead, _ body: [UInt8], accessKeyID: String) {
        // Proxies and HEAD answer without XML; the status has to do then.
        let error = (try? XMLReader.read(body)).flatMap { $0.name == "Error" ? $0 : $0.child("Error") }
        var message = error?["Message"] ?? ""
        if !accessKeyID.isEmpty, message.contains(accessKeyID) {
            message = message.split(separator: accessKeyID, omittingEmptySubsequences: false).joined(separator: "…")
        }
        cause = .answer(
            status: head.status, code: error?["Code"] ?? "",
            message: String(message.filter { !$0.isNewline }.prefix(300)))
        region = head.header("x-amz-bucket-region") ?? error?["Region"]
        serverTime = error?["ServerTime"] ?? head.header("date")
    }

    /// The status of the answer; 0 without one.
    var status: Int {
        if case .answer(let status, _, _) = cause { status } else { 0 }
    }

    /// The code of the answer; empty without one.
    var code: String {
        if case .answer(_, let code, _) = cause { code } else { "" }
    }

    /// Whether there is no such object, or upload.
    var isNotFound: Bool { status == 404 && code != "NoSuchBucket" }

    /// Whether a condition of the request did not hold.
    var isConditionFailed: Bool { status == 412 }

    /// Whether the server does not know what was asked for.
    var isUnsupported: Bool { status == 501 || code == "NotImplemented" }

    /// Whether the bucket wants a `Content-MD5`, as Amazon's do for objects under a default retention.
    var asksForMD5: Bool {
        if case .answer(400, _, let message) = cause { message.contains("Content-MD5") } else { false }
    }

    /// Whether it was cancelled on our side.
    var isCancelled: Bool {
        if case .none(let error) = cause { error.kind == .cancelled } else { false }
    }

    /// Whether the same request may do better in a moment, without anybody doing anything.
    var isTransient: Bool {
        switch cause {
        case .none(let error): error.isRetryable
        case .malformed: false
        case .answer(let status, let code, _):
            [500, 502, 503, 504, 429, 408].contains(status) && !Self.codesOfFullness.contains(code)
                || ["SlowDown", "RequestTimeout", "ConditionalRequestConflict", "OperationAborted"].contains(code)
                || Self.codesOfDamage.contains(code)
        }
    }

    /// The body that arrived is not the body that was sent.
    private static let codesOfDamage: Set = ["XAmzContentSHA256Mismatch", "BadDigest", "IncompleteBody"]
    private static let codesOfFullness: Set = [
        "QuotaExceeded", "InsufficientStorage", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "EntityTooLarge",
    ]
    private static let codesOfRegion: Set = [
        "AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect", "IllegalLocationConstraintException",
    ]

    /// The failure in the words of the archive.
    func archiveError(_ subject: String, in place: S3Place) -> ArchiveError {
        switch cause {
        case .none(let error): ArchiveError(.storageUnavailable, subject, error.message)
        case .malformed(let sentence): ArchiveError(.storageUnavailable, subject, sentence)
        case .answer(let status, let code, let message): error(status, code, message, subject, place)
        }
    }

    private func error(
        _ status: Int, _ code: String, _ message: String, _ subject: String, _ place: S3Place
    ) -> ArchiveError {
        let said = [code, message].filter { !$0.isEmpty }.joined(separator: ", ")
        let detail = "the storage answered \(status)\(said.isEmpty ? "" : " (\(said))")"
        if isOfObjectLock(message) { return ArchiveError(.locked, subject, "it is kept by object lock") }
        switch (status, code) {
        case (_, "RequestTimeTooSkewed"), (_, "RequestExpired"):
            let clock = serverTime.map { "; its clock says \($0), ours \(Timestamp.now)" } ?? ""
            return ArchiveError(
                .misconfigured, subject, detail + clock,
                remedy: "set the clock of this machine right: it may differ by 15 minutes at most")
        case (_, let code) where Self.codesOfRegion.contains(code):
            return ArchiveError(
                .misconfigured, subject, detail,
                remedy: region.map { "set the region of the storage to \"\($0)\" instead of \"\(place.region)\"" }
                    ?? "set the region, endpoint and path style of the storage as its operator names them")
        case (301, _), (307, _):
            return ArchiveError(
                .misconfigured, subject, detail,
                remedy: "set the region to \"\(region ?? "that of the bucket")\" and use the endpoint of that region")
        case (_, "NoSuchBucket"):
            return ArchiveError(
                .misconfigured, subject, "there is no bucket \"\(place.bucket)\"",
                remedy: "create the bucket, or correct the name of it")
        case (_, let code) where Self.codesOfFullness.contains(code): return ArchiveError(.storageFull, subject, detail)
        case (507, _): return ArchiveError(.storageFull, subject, detail)
        case (401, _), (403, _): return ArchiveError(.accessDenied, subject, detail)
        case (404, _): return ArchiveError(.notFound, subject, "there is no such object")
        case (412, _): return ArchiveError(.exists, subject, "there is such an object already")
        default: return ArchiveError(.storageUnavailable, subject, detail)
        }
    }

    /// AWS says it in the message alone, Ceph too; others have a code for it.
    private func isOfObjectLock(_ message: String) -> Bool {
        code == "ObjectLocked" || code == "InvalidRetentionPeriod"
            || [400, 403].contains(status) && message.lowercased().contains("object lock")
    }
}
