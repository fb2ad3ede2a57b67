import API
import Manifests
import Model
import TestSupport
import Testing
import Transport

/// Documents and requests nobody would send on purpose: each gets an answer, and none of them a failure of the server.
@Suite(.timeLimit(.minutes(15)))
struct FuzzTests {
    private static let rounds = Soak.isLong ? 40_000 : 5_000

    private static let kinds: [(path: String, valid: Value)] = [
        (
            Sample.clusters,
            Sample.cluster(
                "a",
                [
                    "metadata": ["labels": ["x": "y"], "annotations": ["n": "m"], "finalizers": ["a.b/c"]],
                    "spec": [
                        "size": 3, "storage": ["quota": "2Gi"], "args": ["snapshot-count": "1000"],
                        "backup": ["interval": "1h", "retention": ["keepLast": 5]],
                        "inspections": ["health": ["interval": "10s", "thresholds": ["quotaPercent": 80]]],
                    ],
                    "status": [
                        "phase": "Running", "revision": 7,
                        "conditions": [
                            ["type": "Ready", "status": "True", "lastTransitionTime": "2026-11-21T05:00:00Z"]
                        ],
                    ],
                ])
        ),
        (Sample.secrets, Sample.secret("a", ["stringData": ["user": "root"]])),
        (
            "/apis/lodestone.dev/v1alpha1/namespaces/default/etcdmigrations",
            [
                "metadata": ["name": "a"],
                "spec": [
                    "sourceRef": ["name": "x"], "destinationRef": ["name": "y"], "method": "Copy",
                    "selection": [["prefix": "/registry/events/"]], "cutover": ["mode": "Automatic", "maxLag": 10],
                ],
            ]
        ),
        (
            "/api/v1/namespaces/default/events",
            [
                "metadata": ["name": "a"],
                "involvedObject": ["kind": "EtcdCluster", "name": "x", "namespace": "default"],
                "reason": "R", "message": "m", "count": 3, "eventTime": "2026-11-21T05:00:00.000000Z",
            ]
        ),
    ]

    @Test("Broken documents and requests get an answer that is no failure of the server")
    func documents() async throws {
        let api = try await APIFixture()
        var fuzz = Fuzz(seed: Soak.seed("broken documents"))
        for (path, valid) in Self.kinds { _ = try await api.call("POST", path, valid) }
        for round in 0..<Self.rounds {
            let (path, valid) = Self.kinds[Int(fuzz.number(below: Self.kinds.count))]
            let request = fuzz.request(path, valid)
            let answer = try await api.call(
                request.method, request.target, bytes: request.body, type: request.type,
                headers: request.accept.map { ["Accept": $0] } ?? [:])
            guard answer.status < 500 else {
                Issue.record(
                    "round \(round): \(request.method) \(request.target) \(request.type) \(String(decoding: request.body, as: UTF8.self)): \(answer.text)"
                )
                return
            }
            if answer.status >= 400 {
                #expect(answer.json["kind"] == "Status" || answer.bytes.isEmpty, "round \(round)")
            }
            // What got through is shown in every form.
            if round % 100 == 0 {
                for (path, _) in Self.kinds {
                    let table = ["Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"]
                    #expect(try await api.call("GET", path, headers: table).status == 200)
                    #expect(try await api.call("GET", path).status == 200)
                }
            }
        }
    }
}

/// What breaks documents.
private struct Fuzz {
    struct Request {
        var method: String
        var target: String
        var type: String
        var accept: String?
        var body: [UInt8]
    }

    private var random: SeededRandom

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
    }

    mutating func number(below limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }

    private mutating func one<Element>(of elements: [Element]) -> Element { elements[number(below: elements.count)] }

    mutating func request(_ path: String, _ valid: Value) -> Request {
        let item = one(of: ["", "/a", "/a", "/a/status", "/a/scale", "/b", "/%00", "/a/nothing"])
        let method =
            item.isEmpty
            ? one(of: ["POST", "POST", "GET", "DELETE"]) : one(of: ["PUT", "PATCH", "PATCH", "GET", "DELETE"])
        var type = "application/json"
        var document = broken(valid, depth: 0)
        if method == "PATCH" {
            type = one(of: [
                "application/merge-patch+json", "application/json-patch+json", "application/strategic-merge-patch+json",
                "application/apply-patch+yaml",
            ])
            if type == "application/json-patch+json" { document = operations(on: valid) }
        }
        var body = document.jsonBytes
        if number(below: 3) == 0, method == "POST" || type.hasSuffix("yaml") {
            type = method == "POST" ? "application/yaml" : type
            body = Array(document.yaml.utf8)
        }
        if number(below: 2) == 0 { body = broken(body) }
        if number(below: 25) == 0 {
            type = one(of: [
                "application/vnd.kubernetes.protobuf", "text/plain", "application/cbor", "", ";;", "a/b;c=d",
            ])
            if number(below: 2) == 0 { body = [0x6B, 0x38, 0x73, 0x00] + body }
        }
        return Request(
            method: method, target: path + item + query(), type: type,
            accept: one(of: [nil, "application/json", "application/json;as=Table;v=v1;g=meta.k8s.io", ";;,,=", "*/*"]),
            body: method == "GET" ? [] : body)
    }

    private mutating func query() -> String {
        let words = [
            "dryRun=All", "dryRun=x", "fieldManager=m", "fieldManager=", "force=true", "force=x",
            "fieldValidation=Warn",
            "fieldValidation=Ignore", "fieldValidation=x", "limit=1", "limit=-1", "limit=99999999999999999999",
            "continue=x", "continue=\u{FFFD}", "labelSelector=a%20in%20(", "labelSelector=!!a",
            "labelSelector=a=b,c!=d",
            "fieldSelector=metadata.name=a", "fieldSelector=x", "resourceVersion=0", "resourceVersion=-1",
            "resourceVersion=99999999", "resourceVersionMatch=Exact", "resourceVersionMatch=x", "includeObject=x",
            "includeObject=Object", "propagationPolicy=x", "gracePeriodSeconds=-1", "pretty=true", "timeoutSeconds=x",
        ]
        let chosen = (0..<number(below: 4)).map { _ in one(of: words) }
        return chosen.isEmpty ? "" : "?" + chosen.joined(separator: "&")
    }

    /// A document in which something is not what it should be, and often nothing is.
    private mutating func broken(_ value: Value, depth: Int) -> Value {
        if number(below: 12) == 0 { return anything(depth: depth) }
        switch value {
        case .object(let members):
            var result = Value.Members()
            for (key, member) in members {
                if number(below: 25) == 0 { continue }
                let name = number(below: 40) == 0 ? one(of: ["", "a.b/c", "$patch", "metadata", "\u{0}", "é"]) : key
                result[name] = broken(member, depth: depth + 1)
            }
            if number(below: 20) == 0 { result["unknown"] = anything(depth: depth) }
            return .object(result)
        case .array(let elements):
            var result: [Value] = []
            for element in elements { result.append(broken(element, depth: depth + 1)) }
            if number(below: 10) == 0 { result.append(anything(depth: depth)) }
            return .array(result)
        default: return number(below: 10) == 0 ? anything(depth: depth) : value
        }
    }

    private mutating func anything(depth: Int) -> Value {
        switch number(below: 16) {
        case 0: return nil
        case 1: return .bool(true)
        case 2: return .integer(.max)
        case 3: return .integer(.min)
        case 4: return .integer(Int64(number(below: 10)) - 5)
        case 5: return .double(1e308)
        case 6: return .double(-0.5)
        case 7: return ""
        case 8: return .string(String(repeating: "x", count: 70_000))
        case 9: return "\u{0}\u{1F600}\u{200B}\r\n"
        case 10:
            return one(of: [
                "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1h", "-5m", "99999999999d", "1e9Gi", "3.4.23",
            ])
        case 11: return .array(depth > 6 ? [] : [anything(depth: depth + 1), anything(depth: depth + 1)])
        case 12: return depth > 6 ? [:] : ["a": anything(depth: depth + 1)]
        case 13: return (0..<200).reduce(Value.null) { value, _ in .array([value]) }
        case 14: return "\"}{][:,*&!%@`|>"
        default: return [:]
        }
    }

    private mutating func operations(on valid: Value) -> Value {
        let paths = [
            "", "/spec", "/metadata/labels/x", "/metadata/name", "/spec/size", "/metadata/finalizers/-", "/a~1b", "/~",
            "x", "/status/conditions/0",
        ]
        let count = number(below: 5)
        var list: [Value] = []
        for _ in 0..<count {
            var operation: Value = [
                "op": .string(one(of: ["add", "remove", "replace", "move", "copy", "test", "x"])),
                "path": .string(one(of: paths)), "from": .string(one(of: paths)), "value": anything(depth: 5),
            ]
            if number(below: 8) == 0 { operation = anything(depth: 6) }
            list.append(operation)
        }
        return .array(list)
    }

    /// Bytes of which some were changed, taken out or put in.
    private mutating func broken(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0...number(below: 4) where !bytes.isEmpty {
            let index = number(below: bytes.count)
            switch number(below: 5) {
            case 0: bytes[index] = UInt8(number(below: 256))
            case 1: bytes.remove(at: index)
            case 2: bytes.insert(UInt8(number(below: 256)), at: index)
            case 3: bytes.removeSubrange(index..<min(bytes.count, index + number(below: 30)))
            default: bytes.insert(contentsOf: bytes[index..<min(bytes.count, index + 20)], at: index)
            }
        }
        return bytes
    }
}
