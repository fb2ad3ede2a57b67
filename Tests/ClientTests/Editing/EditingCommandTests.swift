@testable import Client
import Glibc
import Model
import TestSupport
import Testing

struct EditingCommandTests {
    /// Runs `edit` with an editor that is a shell script; `$1` is the file.
    private func edit(
        _ fixture: ControllerFixture, _ line: String, editor script: String
    ) async throws -> (code: ExitCode, session: TestSession) {
        let editor = fixture.directory.file("editor")
        try writeTextFile(editor, "#!/bin/sh\n\(script)\n", mode: 0o755)
        let session = TestSession(
            in: fixture.directory.path,
            environment: [
                "LODESTONE_KUBECONFIG": fixture.kubeconfig, "EDITOR": "\(editor) --wait", "PATH": "/usr/bin:/bin",
                "TMPDIR": fixture.directory.path,
            ])
        // The editor is given its own argument before the file.
        return (await session.run(line), session)
    }

    private func leftovers(_ fixture: ControllerFixture) throws -> [String] {
        try InputFile.names(in: fixture.directory.path).filter { $0.hasPrefix("lodestone-edit-") }
    }

    @Test("What an editor makes of a record is stored, and only that")
    func edit() async throws {
        let fixture = try await ControllerFixture()
        try await fixture.serving { _ in
            _ = try await fixture.run("apply -f -", input: Sample.cluster("orders"))
            let ended = try await edit(
                fixture, "edit ec orders",
                editor: """
                    test "$1" = --wait || exit 9
                    grep -q '^# etcdcluster/orders' "$2" || exit 8
                    grep -q managedFields "$2" && exit 7
                    sed -i 's/size: 3/size: 5/; s/^  name: orders/  name: orders\\n  labels: {team: red}/' "$2"
                    """)
            #expect(ended.code == .success, "\(ended.session.errors)")
            #expect(ended.session.output == "etcdcluster/orders edited\n")
            let record = try await fixture.run("get ec orders -o yaml")
            #expect(record.contains("size: 5") && record.contains("team: red"))
            #expect(try leftovers(fixture).isEmpty)
        }
    }

    @Test(
        "An editor that changes nothing, empties the file or fails leaves the record as it is",
        arguments: [
            ("true", ExitCode.success, "nothing changed"), (": > \"$2\"", .success, "nothing changed"),
            ("exit 3", .failure, "ended with code 3"),
        ])
    func unchanged(script: String, code: ExitCode, message: String) async throws {
        let fixture = try await ControllerFixture()
        try await fixture.serving { _ in
            _ = try await fixture.run("apply -f -", input: Sample.cluster("orders"))
            let before = try await fixture.run("get ec orders -o yaml")
            let ended = try await edit(fixture, "edit ec/orders", editor: script)
            #expect(ended.code == code)
            #expect(ended.session.errors.contains(message), "\(ended.session.errors)")
            #expect(try await fixture.run("get ec orders -o yaml") == before)
        }
    }

    @Test("What is refused comes back with the reasons, until it is right or given up")
    func refused() async throws {
        let fixture = try await ControllerFixture()
        try await fixture.serving { _ in
            _ = try await fixture.run("apply -f -", input: Sample.cluster("orders"))
            let corrected = try await edit(
                fixture, "edit ec orders",
                editor: """
                    if grep -q 'This was refused' "$2"; then
                        grep -q '^# - .*spec.size' "$2" || exit 9
                        sed -i 's/size: 4/size: 5/' "$2"
                    else
                        sed -i 's/size: 3/size: 4/' "$2"
                    fi
                    """)
            #expect(corrected.code == .success, "\(corrected.session.errors)")
            #expect(try await fixture.run("get ec orders -o yaml").contains("size: 5"))

            let givenUp = try await edit(
                fixture, "edit ec orders",
                editor: "grep -q refused \"$2\" || sed -i 's/^  name: .*/  name: other/' \"$2\"")
            #expect(givenUp.code == .failure)
            #expect(givenUp.session.errors.contains("metadata.name: cannot be changed here"))
            // What was written is not lost.
            #expect(try leftovers(fixture).count == 1)

            let broken = try await edit(
                fixture, "edit ec orders", editor: "grep -q refused \"$2\" || echo '  : [' >> \"$2\"")
            #expect(broken.code == .failure && broken.session.errors.contains("was refused"))
        }
    }

    @Test("A dry run of edit and scale changes nothing")
    func dryRun() async throws {
        let fixture = try await ControllerFixture()
        try await fixture.serving { _ in
            _ = try await fixture.run("apply -f -", input: Sample.cluster("orders"))
            let before = try await fixture.run("get ec orders -o yaml")
            let ended = try await edit(
                fixture, "edit ec orders --dry-run", editor: "sed -i 's/size: 3/size: 5/' \"$2\"")
            #expect(ended.session.output == "etcdcluster/orders edited (dry run)\n")
            #expect(
                try await fixture.run("scale ec/orders --size 5 --dry-run") == "etcdcluster/orders scaled (dry run)\n")
            #expect(try await fixture.run("get ec orders -o yaml") == before)
        }
    }

    @Test("A cluster is scaled, if it has the size that was thought")
    func scale() async throws {
        let fixture = try await ControllerFixture()
        try await fixture.serving { _ in
            _ = try await fixture.run("apply -f -", input: Sample.cluster("orders"))
            let session = fixture.session()
            #expect(await session.run("scale ec/orders --size 5 --current 1") == .failure)
            #expect(session.errors == "error: etcdcluster/orders has the size 3, not 1; nothing was changed\n")
            #expect(try await fixture.run("scale ec orders --size 5 --current 3") == "etcdcluster/orders scaled\n")
            #expect(try await fixture.run("get ec orders -o yaml").contains("size: 5"))
            for line in ["scale ec/orders", "scale ec --size 3", "scale ns/default --size 3"] {
                #expect(await fixture.session().run(line) == .usage, "\(line)")
            }
            #expect(await fixture.session().run("scale ec/orders --size 4") == .failure)
        }
    }

    @Test("A difference is shown line by line, and ends with 1 as kubectl's does")
    func diff() async throws {
        let fixture = try await ControllerFixture()
        try await fixture.serving { _ in
            let manifest = Sample.cluster("orders")
            let created = fixture.session()
            #expect(await created.run("diff -f -", input: manifest) == .failure)
            #expect(
                created.output.hasPrefix("--- /dev/null\n+++ default/etcdcluster/orders (as it would be)\n@@ -0,0 +1,"))
            #expect(created.errors.isEmpty)
            #expect(try await fixture.run("get ec -o name") == "")

            _ = try await fixture.run("apply -f -", input: manifest)
            #expect(try await fixture.run("diff -f -", input: manifest) == "")
            let changed = fixture.session()
            let five = Sample.cluster("orders", spec: "version: 3.4.23\n  size: 5")
            #expect(await changed.run("diff -f -", input: five) == .failure)
            #expect(changed.output.contains("-  size: 3\n+  size: 5\n") && !changed.output.contains("resourceVersion"))
            #expect(try await fixture.run("get ec orders -o yaml").contains("size: 3"))

            let wrong = fixture.session()
            #expect(await wrong.run("diff -f -", input: Sample.cluster("orders", spec: "sise: 3")) == .usage)
            #expect(await wrong.run("diff -f nowhere.yaml") == .usage)
        }
    }

    @Test("A difference of secrets shows that they differ, and no value")
    func secretDiff() async throws {
        let fixture = try await ControllerFixture()
        try await fixture.serving { _ in
            func secret(_ value: String) -> String {
                "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: \(value), b: kept-as-it-is}\n"
            }
            let new = fixture.session()
            #expect(await new.run("diff -f -", input: secret("first-value")) == .failure)
            _ = try await fixture.run("apply -f -", input: secret("first-value"))
            let changed = fixture.session()
            #expect(await changed.run("diff -f -", input: secret("second-value")) == .failure)
            #expect(changed.output.contains("*** (before)") && changed.output.contains("*** (after)"))
            for value in ["first-value", "second-value", "kept-as-it-is"] {
                for text in [value, Base64.encode(Array(value.utf8))] {
                    #expect(!(new.output + changed.output + changed.errors).contains(text), "\(text)")
                }
            }
        }
    }
}

struct LineDifferenceTests {
    @Test("Changes are shown with three lines around them, close ones together")
    func hunks() {
        let old = (1...30).map { "line \($0)" }
        var new = old
        new[4] = "changed"
        new.remove(at: 25)
        let text = LineDifference.unified(old, new).map(\.text)
        #expect(text.first == "@@ -2,7 +2,7 @@")
        #expect(text.contains("-line 5") && text.contains("+changed") && text.contains("-line 26"))
        #expect(text.filter { $0.hasPrefix("@@") } == ["@@ -2,7 +2,7 @@", "@@ -23,7 +23,6 @@"])
        #expect(LineDifference.unified(old, old).isEmpty)
        #expect(LineDifference.unified([], ["a"]).map(\.text) == ["@@ -0,0 +1,1 @@", "+a"])
        #expect(LineDifference.unified(["a"], []).map(\.text) == ["@@ -1,1 +0,0 @@", "-a"])
    }

    @Test("A merge patch makes one document of another, whatever they are")
    func mergePatch() throws {
        let documents: [Value] = [
            ["a": 1, "b": ["c": 2, "d": [1, 2]]], ["a": 1], ["b": ["c": 3]], ["b": ["d": [2]], "e": ["f": ["g": 1]]],
            [:],
        ]
        for old in documents {
            for new in documents {
                let patch = Value.mergePatch(from: old, to: new)
                #expect(old.merging(patch: patch) == new, "\(old.json) to \(new.json) by \(patch.json)")
                #expect(old != new || patch == [:])
            }
        }
    }
}
