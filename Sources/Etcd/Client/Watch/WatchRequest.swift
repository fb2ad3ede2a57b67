/// The messages that a client sends on a watch stream, encoded.
enum WatchRequest {
    /// Starts a watch under a number of ours.
    static func create(_ range: KeyRange, number: Int64, revision: Int64, _ options: WatchOptions) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.message(1) { create in
            create.bytes(1, range.start)
            create.bytes(2, range.encodedEnd)
            create.int64(3, revision)
            switch options.events {
            case .all: break
            case .puts: create.bytes(5, [1])
            case .deletions: create.bytes(5, [0])
            }
            create.bool(6, options.includesPrevious)
            create.int64(7, number)
            // Without it, catching up may bring one message of 100 MiB and more.
            create.bool(8, true)
        }
        return writer.bytes
    }

    /// Ends a watch.
    static func cancel(_ number: Int64) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.message(2) { $0.int64(1, number) }
        return writer.bytes
    }

    /// Asks for a sign of life.
    static var progress: [UInt8] {
        var writer = ProtobufWriter()
        writer.message(3) { _ in }
        return writer.bytes
    }
}
