import Model
package import Transport

/// Signs requests, sends them, and tries again as long as that can help.
package struct S3Client: Sendable {
    let place: S3Place
    let options: S3Options
    private let http: HTTPClient

    /// The longest text of a refusal that is read.
    private static let refusalLimit = 64 << 10
    /// The longest wait between two attempts.
    private static let longestWait: Duration = .seconds(10)

    package init(_ place: S3Place, engine: HTTPEngine, options: S3Options) {
        self.place = place
        self.options = options
        http = HTTPClient(engine: engine, endpoint: place.endpoint)
    }

    /// Sends a request and reads the answer to its end.
    ///
    /// - Throws: `S3Failure` for every answer but a good one; `CancellationError`.
    @discardableResult
    package func send(_ request: S3Request) async throws -> HTTPClientResponse {
        try await repeating {
            let answer = try await Self.answered { () async throws(HTTPClientError) in
                try await http.send(request.signed(for: place, at: .now, options))
            }
            guard (200..<300).contains(answer.status) else {
                throw S3Failure(answer.head, answer.body, accessKeyID: place.credentials.accessKeyID)
            }
            return answer
        }
    }

    /// Sends a request whose answer is XML.
    ///
    /// - Throws: as `send` does; also for a refusal that comes with the status 200, as the answer to the completion of
    ///   an upload may.
    func document(_ request: S3Request) async throws -> XMLNode {
        let answer = try await send(request)
        do throws(XMLReader.Malformed) {
            let root = try XMLReader.read(answer.body)
            guard root.name != "Error" else {
                throw XMLReader.Malformed(description: "\(root["Code"] ?? "error"): \(root["Message"] ?? "")")
            }
            return root
        } catch {
            throw S3Failure(.malformed(error.description))
        }
    }

    /// Sends a request and gives the body of its answer piece by piece.
    func stream(_ request: S3Request) async throws -> HTTPClientStream {
        try await repeating {
            let answer = try await Self.answered { () async throws(HTTPClientError) in
                try await http.stream(request.signed(for: place, at: .now, options))
            }
            guard (200..<300).contains(answer.status) else {
                var body: [UInt8] = []
                do {
                    for try await chunk in answer where body.count < Self.refusalLimit { body += chunk }
                } catch {
                    // The status says enough.
                    body = []
                }
                throw S3Failure(answer.head, body, accessKeyID: place.credentials.accessKeyID)
            }
            return answer
        }
    }

    /// What is known of an object without its bytes; nil if there is none.
    func head(_ name: String) async throws -> HTTPClientHead? {
        do {
            return try await send(S3Request("HEAD", name)).head
        } catch let failure as S3Failure {
            if failure.isNotFound { return nil }
            // The answer to HEAD has no body that could say why; that to a listing has.
            if [301, 307, 400, 401, 403].contains(failure.status) {
                _ = try await send(
                    S3Request(
                        "GET", query: ["list-type": "2", "prefix": name, "max-keys": "1", "encoding-type": "url"]))
            }
            throw failure
        }
    }

    private func repeating<Answer>(_ body: () async throws -> Answer) async throws -> Answer {
        let clock = ContinuousClock()
        let last = clock.now.advanced(by: options.patience)
        var wait = options.firstWait
        var attempt = 1
        while true {
            do {
                return try await body()
            } catch let failure as S3Failure {
                if failure.isCancelled { throw CancellationError() }
                guard failure.isTransient, attempt < options.attempts, clock.now < last else { throw failure }
            }
            // Spread, so that what failed together does not come back together.
            try await clock.sleep(for: wait * Double.random(in: 0.5...1))
            wait = min(wait * 2, Self.longestWait)
            attempt += 1
        }
    }

    private static func answered<Answer>(_ body: () async throws(HTTPClientError) -> Answer) async throws -> Answer {
        do {
            return try await body()
        } catch {
            throw S3Failure(.none(error))
        }
    }
}
