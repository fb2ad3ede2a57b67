import Model
import Transport

/// An object that is being read, across connections that break.
///
/// Read by one task at a time, as `ByteStream` promises.
actor S3Download {
    private let client: S3Client
    private let name: String
    private let subject: String
    private var chunks: HTTPClientStream.Iterator?
    /// The tag of the object at the first look, so that no two objects are sewn together.
    private var tag: String?
    private var offset = 0
    private var expected: Int?
    private var failuresInARow = 0

    init(client: S3Client, name: String, subject: String) {
        self.client = client
        self.name = name
        self.subject = subject
    }

    /// Waits for the first answer, which says whether there is such an object.
    func begin() async throws {
        do {
            try await connect()
        } catch let failure as S3Failure {
            throw failure.archiveError(subject, in: client.place)
        }
    }

    /// The next piece; nil at the end.
    func next() async throws -> [UInt8]? {
        do {
            return try await piece()
        } catch let failure as S3Failure {
            throw failure.archiveError(subject, in: client.place)
        }
    }

    private func piece() async throws -> [UInt8]? {
        while true {
            do throws(HTTPClientError) {
                guard let chunk = try await chunks?.next() else { break }
                offset += chunk.count
                failuresInARow = 0
                return chunk
            } catch {
                guard error.kind != .cancelled else { throw CancellationError() }
                failuresInARow += 1
                guard failuresInARow < client.options.attempts else { throw S3Failure(.none(error)) }
            }
            try await Task.sleep(for: client.options.firstWait)
            try await connect()
        }
        guard offset >= expected ?? offset else {
            throw S3Failure(.malformed("the object ended after \(offset) of \(expected ?? 0) bytes"))
        }
        return nil
    }

    private func connect() async throws {
        var request = S3Request("GET", name)
        if offset > 0 { request.headers.append(("Range", "bytes=\(offset)-")) }
        if let tag { request.headers.append(("If-Match", tag)) }
        let answer = try await client.stream(request)
        if offset == 0 {
            tag = answer.head.header("etag")
            expected = answer.head.header("content-length").flatMap { Int($0) }
        } else if answer.status != 206 {
            throw S3Failure(.malformed("the storage does not go on where a download broke off"))
        }
        chunks = answer.makeAsyncIterator()
    }
}
