import Etcd
@testable import Replication
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(15)), .serialized)
struct KubernetesComparisonTests {
    /// An object as the apiserver stores it in protobuf.
    private func stored(
        _ name: String, namespace: String = "default", uid: String = "u", version: String = "", generation: Int64 = 1,
        spec: String = "spec"
    ) -> [UInt8] {
        var unknown = ProtobufWriter()
        unknown.message(1) { type in
            type.string(1, "v1")
            type.string(2, "Pod")
        }
        unknown.message(2) { object in
            object.message(1) { metadata in
                metadata.string(1, name)
                metadata.string(3, namespace)
                metadata.string(5, uid)
                metadata.string(6, version)
                metadata.int64(7, generation)
            }
            object.string(2, spec)
        }
        return text("k8s\0") + unknown.bytes
    }

    private func object(_ bytes: [UInt8]) -> KubernetesObject? {
        bytes.withUnsafeBytes { KubernetesObject(stored: $0) }
    }

    @Test("Protobuf and JSON are decoded, and the resource version is no content")
    func decoding() throws {
        let pod = try #require(object(stored("web", uid: "abc", generation: 7)))
        #expect(pod.name == "web" && pod.namespace == "default" && pod.uid == "abc" && pod.generation == 7)
        #expect(pod == object(stored("web", uid: "abc", version: "1234", generation: 7)))
        #expect(pod.content != object(stored("web", uid: "abc", generation: 7, spec: "other"))?.content)
        let widget = try #require(
            object(
                text(#"{"metadata":{"name":"w","namespace":"n","uid":"x","resourceVersion":"5","generation":3},"a":1}"#)
            ))
        #expect(widget.name == "w" && widget.namespace == "n" && widget.uid == "x" && widget.generation == 3)
        #expect(widget == object(text(#"{"a":1,"metadata":{"name":"w","namespace":"n","uid":"x","generation":3}}"#)))
        #expect(widget != object(text(#"{"a":2,"metadata":{"name":"w","namespace":"n","uid":"x","generation":3}}"#)))
    }

    @Test(
        "What is encrypted, damaged or nameless is not decoded",
        arguments: [
            "k8s:enc:aescbc:v1:key1:xxxx", "k8s\0\u{12}\u{7f}", "{\"metadata\":", "{}", "",
            "{\"kind\":\"RangeAllocation\"}",
        ])
    func undecodable(_ value: String) {
        #expect(object(text(value)) == nil)
    }

    @Test("A key's place is found with the object's help, and guessed without")
    func places() {
        let pod = object(stored("web", namespace: "shop"))
        #expect(KubernetesPlace("pods/shop/web", pod) == KubernetesPlace(resource: "pods", namespace: "shop"))
        #expect(
            KubernetesPlace("services/specs/shop/web", pod)
                == KubernetesPlace(resource: "services/specs", namespace: "shop"))
        let node = object(stored("web", namespace: ""))
        #expect(KubernetesPlace("minions/web", node) == KubernetesPlace(resource: "minions", namespace: ""))
        #expect(KubernetesPlace("secrets/shop/x", nil) == KubernetesPlace(resource: "secrets", namespace: "shop"))
        #expect(
            KubernetesPlace("example.org/widgets/shop/x", nil)
                == KubernetesPlace(resource: "example.org/widgets", namespace: "shop"))
    }

    @Test("Objects are counted and compared by what they mean")
    func comparison() async throws {
        try await CopyEnds.with { ends in
            let (source, target) = (try ends.from().preferred, try ends.to().preferred)
            for index in 0..<200 {
                let (name, namespace) = ("pod-\(index)", "ns-\(index % 4)")
                let key = text("/registry/pods/\(namespace)/\(name)")
                try await source.put(key, stored(name, namespace: namespace, uid: "u\(index)"))
                // Written anew at the destination, with another resource version.
                try await target.put(key, stored(name, namespace: namespace, uid: "u\(index)", version: "99"))
            }
            try await target.put(text("/registry/pods/ns-1/pod-1"), stored("pod-1", namespace: "ns-1", uid: "namesake"))
            try await target.put(
                text("/registry/pods/ns-2/pod-2"), stored("pod-2", namespace: "ns-2", uid: "u2", generation: 2))
            try await target.put(
                text("/registry/pods/ns-3/pod-3"), stored("pod-3", namespace: "ns-3", uid: "u3", spec: "other"))
            try await target.deleteRange(DeleteRangeRequest(.key("/registry/pods/ns-0/pod-4")))
            try await target.put(text("/registry/pods/ns-0/extra"), stored("extra", namespace: "ns-0"))
            for client in [source, target] { try await client.put("/registry/secrets/ns-0/same", "k8s:enc:x") }
            try await source.put("/registry/secrets/ns-0/s", "k8s:enc:1")
            try await target.put("/registry/secrets/ns-0/s", "k8s:enc:2")
            try await source.put("elsewhere", "not compared")

            let result = try await KubernetesComparison(
                source: try ends.from(), destination: try ends.to(), name: nil
            ).run()
            #expect(
                result.counts == [
                    .identity: 1, .generation: 1, .content: 1, .missing: 1, .unexpected: 1, .bytes: 1,
                ], "\(result.differences)")
            #expect(result.undecodable == 2)
            let pods = result.tallies[KubernetesPlace(resource: "pods", namespace: "ns-0")]
            #expect(pods == KubernetesComparisonResult.Tally(source: 50, target: 50, differing: 2))
            let secrets = result.tallies[KubernetesPlace(resource: "secrets", namespace: "ns-0")]
            #expect(secrets == KubernetesComparisonResult.Tally(source: 2, target: 2, differing: 1))
            #expect(result.sourceObjects == 202 && result.targetObjects == 202)
        }
    }
}
