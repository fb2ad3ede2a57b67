import Synchronization

/// How many watches are open.
final class WatchCounter: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int { count.load(ordering: .relaxed) }

    func counting(_ body: () async -> Void) async {
        count.add(1, ordering: .relaxed)
        defer { count.subtract(1, ordering: .relaxed) }
        await body()
    }
}
