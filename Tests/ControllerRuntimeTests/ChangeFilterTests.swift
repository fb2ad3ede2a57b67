import Model
import Store
import Testing

@testable import ControllerRuntime

struct ChangeFilterTests {
    private static let document: Value = [
        "kind": "Gadget",
        "metadata": ["name": "a", "resourceVersion": "1", "generation": 1, "labels": ["x": "1"]],
        "spec": ["size": 1], "status": ["phase": "New"],
    ]

    private static func record(_ patch: Value) -> Record {
        Record(id: RecordID(of: Gadget("a")), revision: 1, document: document.merging(patch: patch))
    }

    @Test(
        "Each filter hears what it is for",
        arguments: [
            (["metadata": ["resourceVersion": "2"], "status": ["phase": "Old"]], ["status"]),
            (["metadata": ["resourceVersion": "2", "managedFields": [["manager": "kubectl"]]]], []),
            (
                ["metadata": ["resourceVersion": "2", "generation": 2], "spec": ["size": 2]],
                ["exceptStatus", "generation", "both"]
            ),
            (["metadata": ["labels": ["x": "2"]]], ["exceptStatus"]),
            (["metadata": ["finalizers": ["f"]]], ["exceptStatus"]),
            (["metadata": ["deletionTimestamp": "2026-11-21T05:00:00Z"]], ["exceptStatus", "deletion"]),
        ] as [(Value, Set<String>)])
    func filters(patch: Value, expected: Set<String>) {
        let filters: [String: ChangeFilter] = [
            "status": .status, "exceptStatus": .exceptStatus, "generation": .generation, "deletion": .deletion,
            "both": .generation && !.status, "none": .status && !.status,
        ]
        let accepted = filters.filter { $0.value.accepts(Self.record(patch), from: Self.record([:])) }
        #expect(Set(accepted.keys) == expected)
        #expect(ChangeFilter.any.accepts(Self.record(patch), from: Self.record([:])))
        #expect((ChangeFilter.status || !.status).accepts(Self.record(patch), from: Self.record([:])))
    }
}
