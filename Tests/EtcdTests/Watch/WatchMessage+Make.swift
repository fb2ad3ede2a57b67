import Transport

@testable import Etcd

extension WatchMessage {
    /// A message as a member would send it; `events` are pairs of key and revision.
    static func make(
        _ watchID: Int64, revision: Int64 = 100, cluster: UInt64 = 7, created: Bool = false, canceled: Bool = false,
        compacted: Int64 = 0, reason: String = "", fragment: Bool = false, events: [(String, Int64)] = []
    ) throws -> WatchMessage {
        var writer = ProtobufWriter()
        writer.message(1) { header in
            header.uint64(1, cluster)
            header.int64(3, revision)
        }
        writer.int64(2, watchID)
        writer.bool(3, created)
        writer.bool(4, canceled)
        writer.int64(5, compacted)
        writer.string(6, reason)
        writer.bool(7, fragment)
        for (key, revision) in events {
            writer.message(11) { event in
                event.message(2) { pair in
                    pair.string(1, key)
                    pair.int64(3, revision)
                }
            }
        }
        return try WatchMessage(GRPCMessage(writer.bytes))
    }
}

extension WatchBatch {
    /// Keys and revisions of the events.
    var summary: [String] { events.map { "\($0.keyValue.keyText)@\($0.keyValue.modRevision)" } }
}
