@testable import Client
import Model
import TestSupport
import Testing

struct ExplanationTests {
    @Test("A field is explained with its type, its words, and the fields it has")
    func field() async {
        let session = TestSession()
        #expect(await session.run("explain ec.spec.provider") == .success)
        for part in [
            "KIND:       EtcdCluster", "FIELD: provider <string>", "One of: Local, Imported", "Default: Local",
        ] {
            #expect(session.output.contains(part), "\(part): \(session.output)")
        }
        let spec = TestSession()
        #expect(await spec.run("explain etcdclusters.spec") == .success)
        #expect(spec.output.contains("\nFIELDS:\n") && spec.output.contains("  restore\t<Object>"))
        #expect(spec.output.split(separator: "\n").allSatisfy { $0.count <= 120 })
    }

    @Test("Every field of every kind can be explained, as far down as there are any")
    func everything() throws {
        func walk(_ schema: Schema, _ path: String, depth: Int) throws -> Int {
            #expect(!(try Explanation(path)).lines(Paint(isEnabled: false)).isEmpty)
            guard depth < 12 else { return 0 }
            return try schema.properties.reduce(1) { try $0 + walk($1.schema, "\(path).\($1.name)", depth: depth + 1) }
        }
        for registered in RegisteredKind.all {
            #expect(try walk(registered.schema, registered.kind.singular, depth: 0) > 4, "\(registered.kind.name)")
        }
    }

    @Test("All fields below one are told as a tree")
    func tree() async {
        let session = TestSession()
        #expect(await session.run("explain ec --recursive") == .success)
        #expect(
            session.output.contains("\n  spec\t<Object> -required-\n    version\t<string>")
                || session.output.contains("\n    version\t<string>"))
        #expect(session.output.contains("finalizers"))
    }

    @Test(
        "What is not there is told with what is",
        arguments: [
            ("explain ec.spec.sise", "ec.spec has no field \"sise\"; did you mean \"size\"?"),
            ("explain ec.spec.size.x", "ec.spec.size has no fields of its own"),
            ("explain pods", "unknown kind \"pods\""), ("explain ec.", "ec has no field \"\""),
        ])
    func mistakes(line: String, message: String) async {
        let session = TestSession()
        #expect(await session.run(line) == .usage)
        #expect(session.errors.contains(message), "\(session.errors)")
    }
}
