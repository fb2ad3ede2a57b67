import API
import Model
import Store
import Testing

/// Bodies with as many fields as fit into them: no write may take time by the square of their number.
@Suite(.timeLimit(.minutes(5)))
struct ManyFieldsTests {
    private static let count = 20_000
    private static let path = "\(Sample.secrets)/many"

    private static func data(_ prefix: String) -> Value {
        var data = Value.Members()
        for index in 0..<count {
            data.append("\(prefix)\(index)", "eA==")
        }
        return ["data": .object(data)]
    }

    @Test("Applying, patching and giving up tens of thousands of fields is soon done")
    func many() async throws {
        let api = try await APIFixture()
        let apply = "application/apply-patch+yaml"
        let start = ContinuousClock.now
        let made = try await api.call("PATCH", "\(Self.path)?fieldManager=a", Self.data("a"), type: apply)
        #expect(made.status == 201, "\(made.message)")
        let merged = try await api.call(
            "PATCH", Self.path, Self.data("b"), type: "application/merge-patch+json")
        #expect(merged.json["data"]?.members?.count == 2 * Self.count)
        let left = try await api.call(
            "PATCH", "\(Self.path)?fieldManager=a", ["data": ["a0": "eA=="]], type: apply)
        #expect(left.json["data"]?.members?.count == Self.count + 1, "\(left.message)")
        // Time by the square would be minutes; a busy machine takes half a minute.
        #expect(ContinuousClock.now - start < .seconds(120))
    }
}
