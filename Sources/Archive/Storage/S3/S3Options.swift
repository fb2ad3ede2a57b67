/// How an S3 storage goes about its work; the defaults suit links from a few megabits on.
public struct S3Options: Sendable {
    /// The size of a part in bytes, at least 5 MiB by S3's rules; a file no larger goes up in one request.
    public var partByteCount = 8 << 20
    /// How many parts of one file are under way at a time; each is held in memory.
    public var partsAtOnce = 3
    /// How many objects one page of a listing may hold.
    public var pageSize = 1000
    /// How long a request may wait for a connection.
    public var connectTimeout: Duration = .seconds(15)
    /// How long a server may neither take nor send a byte.
    public var silence: Duration = .seconds(20)
    /// How often a request is made before the storage counts as unavailable.
    public var attempts = 6
    /// How long after the first attempt another may begin.
    public var patience: Duration = .seconds(60)
    /// The wait before the second attempt; it doubles with each further one.
    public var firstWait: Duration = .milliseconds(250)
    /// How long an upload that nobody here knows may rest before it is taken for a leftover.
    public var foreignUploadAge: Duration = .seconds(86_400)

    /// The smallest part S3 allows, but for the last one.
    static let smallestPart = 5 << 20
    /// The number of parts S3 allows.
    static let mostParts = 10_000

    /// Creates the defaults.
    public init() {}

    /// The size of the parts of a file: larger than usual where there would be too many.
    func partByteCount(for byteCount: Int) -> Int {
        max(partByteCount, (byteCount + Self.mostParts - 1) / Self.mostParts)
    }
}
