import Testing

@testable import Etcd

struct SnapshotProgressTests {
    @Test("A snapshot is complete when its last piece says that nothing is to come")
    func completeness() {
        var progress = SnapshotProgress()
        #expect(!progress.isComplete)
        var steps = [progress.take(32_768, remaining: 100)]
        #expect(!progress.isComplete)
        steps += [progress.take(100, remaining: 0), progress.take(32, remaining: 0)]
        #expect(progress.isComplete)
        #expect(steps == [.some, .some, .some])
    }

    @Test("Empty pieces are borne for a while, and then the member is taken to be stuck")
    func patience() {
        var progress = SnapshotProgress()
        var steps = (1..<SnapshotProgress.patience).map { _ in progress.take(0, remaining: 100) }
        steps.append(progress.take(1, remaining: 99))
        steps += (1...SnapshotProgress.patience).map { _ in progress.take(0, remaining: 99) }
        #expect(steps.filter { $0 == .stuck }.count == 1)
        #expect(steps.last == .stuck)
    }
}
