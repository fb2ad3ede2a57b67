import TestSupport
import Transport

@testable import Archive

/// A storage in a bucket of its own on a real server.
struct S3Fixture {
    let server: RealS3
    let engine: HTTPEngine
    let bucket: String
    let staging: String

    /// A storage in the bucket; several share its staging directory, as several parts of one controller do.
    func storage(
        prefix: String = "", port: Int? = nil, staging: String? = nil, _ change: (inout S3Options) -> Void = { _ in }
    ) throws -> S3Storage {
        var options = Self.impatient
        change(&options)
        return S3Storage(
            try server.place(bucket, prefix: prefix, port: port), stagingDirectory: staging ?? self.staging,
            engine: engine, options: options)
    }

    /// Time limits that tests can wait for.
    static var impatient: S3Options {
        var options = S3Options()
        options.partByteCount = S3Options.smallestPart
        options.silence = .seconds(2)
        options.connectTimeout = .seconds(2)
        options.attempts = 3
        options.firstWait = .milliseconds(20)
        return options
    }

    /// Runs `body` with a new bucket.
    static func with(
        _ server: RealS3, objectLock: Bool = false, _ body: (S3Fixture) async throws -> Void
    ) async throws {
        let engine = HTTPEngine(name: "s3-tests")
        defer { engine.shutdown() }
        let bucket = try await server.makeBucket(engine, objectLock: objectLock)
        try await withTemporaryDirectory("staging") { directory in
            try await body(S3Fixture(server: server, engine: engine, bucket: bucket, staging: directory))
        }
    }

    /// Publishes bytes under a key.
    @discardableResult
    func write(_ bytes: [UInt8], to key: ObjectKey, in storage: S3Storage) async throws -> StoredObject {
        let file = try await storage.stage(key)
        defer { file.discard() }
        try file.append(bytes)
        return try await storage.publish(file, as: key)
    }

    /// Bytes that differ everywhere, so that no two parts are alike.
    static func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var state = seed
        let words = (0..<(count + 7) / 8).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state
        }
        return words.withUnsafeBytes { Array($0.prefix(count)) }
    }
}
