internal import Etcd
internal import Model

/// The leases that stand for times to live: one for each second of the source's clock in which something ends.
///
/// One a second and not one a key, since a lease costs the destination a place in its heap and a write, and thousands
/// of keys that are renewed every ten seconds need only as many leases as there are seconds. A renewed key moves to the
/// lease of its new second; the old one ends with nothing attached.
struct LegacyLeases {
    private struct Ending {
        var lease: Int64?
        var paths: Set<LegacyPath> = []
    }

    private let clock: LegacyClock
    private var endings: [Int64: Ending] = [:]
    private var second: [LegacyPath: Int64] = [:]
    /// When directories end by themselves.
    private var directories: [LegacyPath: Timestamp] = [:]

    init(clock: LegacyClock) {
        self.clock = clock
    }

    /// How many leases are in use.
    var count: Int { endings.values.count { $0.lease != nil } }

    /// The second in which something ends that ends at `moment`.
    static func second(of moment: Timestamp) -> Int64 { (moment + .nanoseconds(999_999_999)).secondsSinceEpoch }

    /// The lease for a second, granted if there is none.
    mutating func lease(
        ending second: Int64, grant: (Duration) async throws -> Int64
    ) async throws -> Int64 {
        if let lease = endings[second]?.lease { return lease }
        // Rounded up by etcd, so that nothing ends before it does at the source.
        let rest = max(Timestamp(secondsSinceEpoch: second) - clock.now, .seconds(1))
        let lease = try await grant(rest)
        endings[second, default: Ending()].lease = lease
        return lease
    }

    /// Takes a lease that exists at the destination for the one of a second, unless that has one.
    mutating func adopt(_ lease: Int64, ending second: Int64) {
        if endings[second]?.lease == nil { endings[second, default: Ending()].lease = lease }
    }

    /// Forgets which leases there are, because the destination knows one of them no more.
    mutating func forgetLeases() {
        for second in endings.keys { endings[second]?.lease = nil }
    }

    /// Forgets everything, before the tree is read anew.
    mutating func forgetAll() {
        endings = [:]
        second = [:]
        directories = [:]
    }

    /// Notes when a key or a directory ends; nil for never.
    mutating func note(_ path: LegacyPath, isDirectory: Bool, ends moment: Timestamp?) {
        if let old = second.removeValue(forKey: path) { endings[old]?.paths.remove(path) }
        directories[path] = isDirectory ? moment : nil
        guard let moment else { return }
        let new = Self.second(of: moment)
        second[path] = new
        endings[new, default: Ending()].paths.insert(path)
    }

    /// Forgets a directory that is gone, with all below it.
    mutating func remove(below directory: LegacyPath) {
        for path in second.keys where directory.contains(path) { note(path, isDirectory: false, ends: nil) }
        for path in directories.keys where directory.contains(path) { directories[path] = nil }
    }

    /// When a directory ends that `path` lies in; the first of several.
    func inherited(by path: LegacyPath) -> Timestamp? {
        guard !directories.isEmpty else { return nil }
        return path.ancestors.compactMap { directories[$0] }.min()
    }

    /// When a directory ends by its own time to live.
    func ending(of directory: LegacyPath) -> Timestamp? { directories[directory] }

    /// In which second a key ends.
    func ending(ofKey path: LegacyPath) -> Timestamp? { second[path].map(Timestamp.init(secondsSinceEpoch:)) }

    /// What is about to end, and must be asked for whether it was renewed: the store tells nobody when it is.
    func due() -> [LegacyPath] {
        guard !endings.isEmpty else { return [] }
        let limit = (clock.now + .milliseconds(1_500)).secondsSinceEpoch
        return endings.filter { $0.key <= limit }.flatMap(\.value.paths)
    }

    /// Forgets seconds long past in which nothing is left.
    mutating func tidy() {
        let limit = clock.now.secondsSinceEpoch - 5
        endings = endings.filter { $0.key > limit || !$0.value.paths.isEmpty }
    }
}
