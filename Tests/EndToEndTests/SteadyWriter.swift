import Etcd
import Synchronization
import TestSupport
import Transport

/// A client that writes one key after the other, deletes some, and remembers what was acknowledged.
final class SteadyWriter: Sendable {
    private struct State {
        var keys: Set<String> = []
        var count = 0
        var isStopped = false
    }

    private let client: EtcdClient
    private let engine: HTTPEngine
    private let state = Mutex(State())
    private let task = Mutex<Task<Void, Never>?>(nil)

    private init(_ endpoint: String) throws {
        engine = HTTPEngine(name: "writer")
        client = EtcdClient(engine: engine, endpoint: try Endpoint(url: endpoint))
    }

    /// Begins to write.
    static func start(at endpoint: String) async throws -> SteadyWriter {
        let writer = try SteadyWriter(endpoint)
        let task = Task { await writer.write() }
        writer.task.withLock { $0 = task }
        return writer
    }

    /// Writes each key once.
    static func fill(_ endpoint: String, _ keys: [String]) async throws {
        let engine = HTTPEngine(name: "writer")
        defer { engine.shutdown() }
        let client = EtcdClient(engine: engine, endpoint: try Endpoint(url: endpoint))
        for key in keys { _ = try await client.put(key, #"{"kind":"Event","apiVersion":"v1"}"#) }
    }

    /// How many writes were acknowledged.
    var acknowledged: Int { state.withLock { $0.count } }

    /// Waits until so many writes were acknowledged.
    func reach(_ count: Int) async throws {
        try await eventually("\(count) writes were acknowledged", timeout: .seconds(60)) { self.acknowledged >= count }
    }

    /// Stops writing; returns the keys that must be there.
    func end() async -> Set<String> {
        state.withLock { $0.isStopped = true }
        await task.withLock { $0 }?.value
        engine.shutdown()
        return state.withLock { $0.keys }
    }

    private func write() async {
        var number = 0
        while !state.withLock({ $0.isStopped }) {
            number += 1
            let key = "writer/\(number)"
            do {
                _ = try await client.put(key, "value \(number)", timeout: .seconds(5))
                state.withLock {
                    $0.keys.insert(key)
                    $0.count += 1
                }
                guard number % 10 == 0 else { continue }
                let old = "writer/\(number - 5)"
                // Whether a deletion that failed was done is not known.
                state.withLock { _ = $0.keys.remove(old) }
                _ = try await client.delete(.key(old), timeout: .seconds(5))
            } catch {
                // Frozen or away: what was not acknowledged is nobody's loss.
                try? await Task.sleep(for: .milliseconds(20))
            }
        }
    }
}
