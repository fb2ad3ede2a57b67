import Glibc
import Model
import TestSupport
import Testing

@testable import Store

@Suite(.timeLimit(.minutes(10)))
struct DiskFullTests {
    private let scratch = ScratchDirectory()

    @Test("On a full disk writes fail with a clear error, nothing is lost, and space heals it")
    func full() async throws {
        let mountPoint = try scratch.path + "/small"
        mkdir(mountPoint, 0o700)
        guard mount("tmpfs", mountPoint, "tmpfs", 0, "size=3m") == 0 else {
            try Test.cancel("mounting a small file system needs root")
        }
        defer { umount2(mountPoint, Int32(MNT_DETACH)) }
        var options = try scratch.options()
        options.directory = mountPoint
        var store = try await RecordStore.open(options)
        // Room that can be given back later, as when somebody tidies up.
        try writeBytes([UInt8](repeating: 1, count: 1 << 20), to: mountPoint + "/filler")

        var acknowledged: [Widget] = []
        var failure: StoreError?
        while failure == nil, acknowledged.count < 2000 {
            var widget = Widget("w\(acknowledged.count)")
            widget.spec.note = String(repeating: "x", count: 4000)
            do {
                acknowledged.append(try await store.create(widget))
            } catch {
                failure = error
            }
        }
        #expect(failure == .full(path: options.path))
        #expect(failure?.description.contains("The disk is full, so \(options.path) cannot take this change") == true)
        #expect(acknowledged.count > 20)
        // Still full, still clear, still readable.
        await #expect(throws: StoreError.full(path: options.path)) {
            var widget = Widget("again")
            widget.spec.note = String(repeating: "x", count: 4000)
            try await store.create(widget)
        }
        #expect(try await names(store) == Set(acknowledged.map(\.metadata.name)))
        #expect(store.revision == acknowledged.last?.revision)

        unlink(mountPoint + "/filler")
        acknowledged.append(try await store.create(Widget("after")))
        #expect(acknowledged.suffix(2).map(\.revision) == [store.revision - 1, store.revision])
        await store.close()
        store = try await RecordStore.open(options)
        #expect(try await names(store) == Set(acknowledged.map(\.metadata.name)))
        await store.close()
    }

    private func names(_ store: RecordStore) async throws -> Set<String> {
        Set(try await store.list(Widget.self).map(\.metadata.name))
    }
}
