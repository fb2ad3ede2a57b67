import API
import Crypto
import Model
import TestSupport
import Testing

/// Bodies in Kubernetes' protobuf form, as kubectl sends them.
@Suite(.timeLimit(.minutes(5)))
struct ProtobufTests {
    private static let accessReview =
        "6b3873000a320a17617574686f72697a6174696f6e2e6b38732e696f2f7631121753656c665375626a65637441636365737352657669"
        + "657712550a100a0012001a0022002a0032003800420012370a350a0764656661756c7412066372656174651a0e657463642e666c6565"
        + "742e64657622002a0c65746364636c75737465727332003a001a08080012001a0020001a002200"
    private static let namespace =
        "6b3873000a0f0a02763112094e616d657370616365121e0a160a067465616d2d6112001a0022002a0032003800420012001a020a001a"
        + "002200"
    private static let secret =
        "6b3873000a0c0a0276311206536563726574121e0a120a02733112001a0022002a0032003800420012060a01611201621a001a002200"

    private static func bytes(_ hex: String) throws -> [UInt8] {
        try #require(Hex.decode(hex))
    }

    @Test(
        "What kubectl sends is read",
        arguments: zip([accessReview, namespace, secret], documents))
    func vectors(hex: String, document: Value) throws {
        let read = try ProtobufDocument.read(try Self.bytes(hex))
        #expect(read == document, "\(read.json)")
    }

    private static let documents: [Value] = [
        [
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": [
                "resourceAttributes": [
                    "namespace": "default", "verb": "create", "group": "etcd.fleet.dev",
                    "resource": "etcdclusters",
                ]
            ],
        ],
        ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "team-a"]],
        ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": "s1"], "data": ["a": "Yg=="]],
    ]

    @Test("Lists, numbers, truth values and messages in messages are read; unknown fields are passed by")
    func shapes() throws {
        let preconditions = Self.field(1, Array("u-1".utf8)) + Self.field(2, Array("7".utf8))
        let options: [UInt8] =
            [0x08, 0x1E] + Self.field(2, preconditions) + [0x18, 0x01] + Self.field(4, Array("Orphan".utf8))
            + Self.field(5, Array("All".utf8)) + [0x51] + [UInt8](repeating: 7, count: 8) + [0x5D, 1, 2, 3, 4]
            + [0xB0, 0x01, 0x05]
        let read = try ProtobufDocument.read(Self.document("DeleteOptions", options))
        let expected: Value = [
            "apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 30,
            "preconditions": ["uid": "u-1", "resourceVersion": "7"], "orphanDependents": true,
            "propagationPolicy": "Orphan", "dryRun": ["All"],
        ]
        #expect(read == expected, "\(read.json)")
        let metadata =
            Self.field(1, Array("s".utf8)) + Self.field(11, Self.field(1, Array("k".utf8)) + Self.field(2, []))
            + Self.field(14, Array("a/b".utf8)) + Self.field(14, Array("c/d".utf8))
        let secret = try ProtobufDocument.read(
            Self.document("Secret", Self.field(1, metadata) + Self.field(2, Self.field(1, Array("empty".utf8)))))
        #expect(secret["metadata"] == ["name": "s", "labels": ["k": ""], "finalizers": ["a/b", "c/d"]])
        #expect(secret["data"] == ["empty": ""])
    }

    @Test("Every beginning of a document, and every document with one byte changed, is read or refused")
    func mutilated() throws {
        for hex in [Self.accessReview, Self.namespace, Self.secret] {
            let whole = try Self.bytes(hex)
            for length in 0..<whole.count {
                _ = try? ProtobufDocument.read(Array(whole.prefix(length)))
            }
            for index in whole.indices {
                for byte: UInt8 in [0x00, 0x01, 0x7F, 0x80, 0xFF, whole[index] ^ 0x07] {
                    var changed = whole
                    changed[index] = byte
                    _ = try? ProtobufDocument.read(changed)
                }
            }
        }
    }

    @Test("Random bytes behind a good beginning are read or refused", arguments: 0..<10)
    func random(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for kind in ["Secret", "Namespace", "DeleteOptions", "SelfSubjectAccessReview"] {
            for _ in 0..<500 {
                // Small bytes make tags and lengths that often fit.
                let bytes = (0..<Int.random(in: 0..<60, using: &random)).map { _ in
                    UInt8.random(in: Bool.random(using: &random) ? 0...40 : 0...255, using: &random)
                }
                _ = try? ProtobufDocument.read(Self.document(kind, bytes))
            }
        }
    }

    @Test(
        "What is no document of this form is answered 400",
        arguments: [
            "", "6b3873", "6b387300ff", "6b3873000aff", "6b3873000affffffffffffffffff01",
            "6b3873000affffffffffffffffff7f", "6b387300000a", "6b3873000b0c",
            // A name that is no UTF-8, and metadata that is a number.
            "6b3873000a0f0a02763112094e616d65737061636512060a040a02ffff",
            "6b3873000a0f0a02763112094e616d65737061636512020805",
        ])
    func malformed(hex: String) async throws {
        let api = try await APIFixture()
        let refused = try await api.call(
            "POST", "/api/v1/namespaces", bytes: try Self.bytes(hex), type: "application/vnd.kubernetes.protobuf")
        #expect(refused.status == 400 && refused.reason == "BadRequest", "\(refused.message)")
    }

    @Test("Deep nesting and endless repetition cost nothing and are refused")
    func hostile() throws {
        var nested: [UInt8] = []
        for _ in 0..<5_000 {
            nested = Self.field(2, nested)
        }
        // Where the document has no more messages, the nest is text, and no good one.
        #expect(throws: ProtobufError.self) {
            try ProtobufDocument.read(Self.document("SelfSubjectAccessReview", nested))
        }
        let many = [UInt8](repeating: 0x0A, count: 1) + [0x00]
        let endless = Self.document("Namespace", Array(repeatElement(many, count: 200_000).joined()))
        #expect(throws: ProtobufError.malformed("a message has more than 100000 fields")) {
            try ProtobufDocument.read(endless)
        }
    }

    @Test("A namespace and a secret are made of what kubectl sends, other kinds are refused with what to send")
    func creates() async throws {
        let api = try await APIFixture()
        let type = "application/vnd.kubernetes.protobuf"
        let made = try await api.call(
            "POST", "/api/v1/namespaces?fieldManager=kubectl-create", bytes: try Self.bytes(Self.namespace), type: type)
        #expect(made.status == 201 && made.json[path: "metadata", "name"] == "team-a", "\(made.message)")
        let secret = try await api.call(
            "POST", "/api/v1/namespaces/team-a/secrets", bytes: try Self.bytes(Self.secret), type: type)
        #expect(secret.status == 201 && secret.json["data"] == ["a": "Yg=="], "\(secret.message)")
        let other = try await api.call(
            "POST", Sample.clusters, bytes: Self.document("EtcdCluster", []), type: type)
        #expect(other.status == 415 && other.message.contains("send JSON"), "\(other.message)")
        let removed = try await api.call(
            "DELETE", "/api/v1/namespaces/team-a/secrets/s1",
            bytes: Self.document("DeleteOptions", Self.field(5, Array("All".utf8))), type: type)
        #expect(removed.status == 200)
        #expect(try await api.call("GET", "/api/v1/namespaces/team-a/secrets/s1").status == 200)
    }

    private static func document(_ kind: String, _ content: [UInt8]) -> [UInt8] {
        let type = field(1, Array("v1".utf8)) + field(2, Array(kind.utf8))
        return [0x6B, 0x38, 0x73, 0x00] + field(1, type) + field(2, content)
    }

    private static func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
        var length: [UInt8] = []
        var rest = content.count
        repeat {
            length.append(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
            rest >>= 7
        } while rest > 0
        return [number << 3 | 2] + length + content
    }
}
