import Telemetry
import TestSupport
import Testing

@testable import ControllerRuntime

@Suite(.timeLimit(.minutes(10)))
struct ManagerTests {
    private struct Part: Component {
        let name: String
        let body: @Sendable () async throws -> Void

        func run() async throws { try await body() }
    }

    @Test("The failure of one part stops the others and is told")
    func failure() async throws {
        let lines = Shared<[String]>([])
        let logger = Logger(
            label: "test",
            sink: .closure(format: .text) { line in lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
            })
        let stopped = SharedCount()
        let parts = [
            Part(name: "steady") {
                do { try await Task.sleep(for: .seconds(3600)) } catch { stopped.add() }
            },
            Part(name: "weak") { throw Fault() },
        ]
        await #expect(throws: Fault.self) { try await Manager(parts, logger: logger).run() }
        #expect(stopped.value == 1)
        #expect(lines.withLock { $0 }.count == 1)
        #expect(lines.withLock { $0 }.first?.contains("part=weak error=\"the gadget broke\"") == true)
    }

    @Test("Cancellation lets every part end what it does")
    func cancellation() async throws {
        let ended = SharedCount()
        let parts = (0..<3).map { index in
            Part(name: "part \(index)") {
                do { try await Task.sleep(for: .seconds(3600)) } catch { ended.add() }
            }
        }
        try await withRunning(Manager(parts, logger: .silent).run) {
            await Task.yield()
        }
        #expect(ended.value == 3)
    }
}
