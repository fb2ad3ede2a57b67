/// Which stretch of a cluster's history a segment of its log holds: everything behind one revision, through another.
public struct LogSegmentName: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The revision before the first one in the segment.
    public let after: Int64
    /// The last revision in the segment.
    public let through: Int64

    private static let suffix = ".log"
    private static let digits = 19

    /// Names a stretch of at least one revision.
    public init(after: Int64, through: Int64) {
        self.after = after
        self.through = through
    }

    /// Reads the last name of an object's key, whatever form its bytes have; nil if it is no segment.
    init?(objectName: String) {
        let stem = objectName.prefix { $0 != "." }
        let parts = stem.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.count == Self.digits }), let after = Int64(parts[0]),
            let through = Int64(parts[1]), after >= 0, through > after,
            objectName.dropFirst(stem.count).hasPrefix(Self.suffix)
        else { return nil }
        self.init(after: after, through: through)
    }

    /// The name of the object without what its form adds; digits are filled up so that listings are in order for people.
    public var description: String {
        func filled(_ number: Int64) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, Self.digits - text.count)) + text
        }
        return "\(filled(after))-\(filled(through))\(Self.suffix)"
    }

    /// Orders by revision, as numbers; of those that begin together the longer one comes last.
    public static func < (left: LogSegmentName, right: LogSegmentName) -> Bool {
        (left.after, left.through) < (right.after, right.through)
    }

    /// The segments to read, in order, to get from one revision to another; they may overlap.
    ///
    /// - Returns: nil if a revision between the two is in none of the segments.
    static func chain(_ segments: [LogSegmentName], from start: Int64, through end: Int64) -> [LogSegmentName]? {
        var chain: [LogSegmentName] = []
        var reached = start
        let sorted = segments.sorted()
        while reached < end {
            // Of those that go on from here the one that leads farthest.
            guard let next = sorted.filter({ $0.after <= reached }).max(by: { $0.through < $1.through }),
                next.through > reached
            else { return nil }
            chain.append(next)
            reached = next.through
        }
        return chain
    }

    /// How far segments lead from a revision without a gap.
    static func reach(_ segments: [LogSegmentName], from start: Int64) -> Int64 {
        var reached = start
        for segment in segments.sorted() where segment.after <= reached { reached = max(reached, segment.through) }
        return reached
    }
}
