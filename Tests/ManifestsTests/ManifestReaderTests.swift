import Manifests
import Model
import Testing

struct ManifestReaderTests {
    private func read(_ text: String, file: String = "orders.yaml") throws(ManifestError) -> [Manifest] {
        try ManifestReader.read([ManifestSource(file: file, bytes: Array(text.utf8))])
    }

    private func complaint(_ text: String) -> String {
        do throws(ManifestError) {
            _ = try read(text)
            return "accepted"
        } catch {
            return error.description
        }
    }

    /// A valid cluster with one line of its spec, in line 6, to be replaced.
    private func cluster(_ line: String, name: String = "orders") -> String {
        """
        apiVersion: lodestone.dev/v1alpha1
        kind: EtcdCluster
        metadata:
          name: \(name)
        spec:
          \(line)
          provider: Local

        """
    }

    @Test("A record is read with its defaults, its namespace and its lines")
    func valid() throws {
        let manifest = try #require(try read("# first\n" + cluster("version: 3.4.23")).first)
        #expect(manifest.kind.kind.name == "EtcdCluster")
        #expect(manifest.name == "orders")
        #expect(manifest.namespace == "default")
        #expect(manifest.line == 2)
        #expect(manifest.displayName == "EtcdCluster \"orders\"")
        #expect(manifest.document[path: "spec", "size"] == nil)
        #expect(manifest.normalised[path: "spec", "size"] == 3)
        #expect(manifest.line(of: "spec.version") == 7)
        #expect(manifest.line(of: "spec.backup.interval") == 6)
        #expect(
            manifest.problem(at: "spec.version", "cannot be changed").description
                == "orders.yaml:7: EtcdCluster \"orders\": spec.version: cannot be changed")
    }

    @Test(
        "A wrong field is named with file, line, record and path",
        arguments: [
            ("version: 3.4.23\n  sise: 3", "7: E: spec.sise: unknown field \"sise\"; did you mean \"size\"?"),
            ("version: 3.10", "6: E: spec.version: must be a string, not a number; put it in quotes"),
            ("size: 3", "5: E: spec.version: must be given: the etcd version to run, such as \"3.4.23\""),
            ("version: three", "6: E: spec.version: \"three\" is not a version; write it like \"3.4.23\""),
            ("version: 3.4.23\n  size: 4", "7: E: spec.size: 4 is not possible; choose 1, 3, 5 or 7"),
            ("version: 3.4.23\n  size: \"3\"", "7: E: spec.size: must be a whole number, not a string"),
            (
                "version: 3.4.23\n  size: 1e999",
                "7: spec.size: 1e999 is too large a number; put it in quotes if text is meant"
            ),
            (
                "version: 3.4.23\n  size: .inf",
                "7: spec.size: .inf is no number a record can hold; put it in quotes if text is meant"
            ),
            (
                "version: 3.4.23\n  size: 03",
                "7: spec.size: 03 begins with a zero, which YAML readers take differently; write it in quotes"
            ),
            ("version: 3.4.23\n  paused: yes", "7: E: spec.paused: must be true or false, not a string"),
            ("version: 3.4.23\n  args: [a]", "7: E: spec.args: must be an object, not a list"),
            (
                "version: 3.4.23\n  args: {snapshot-count: 5}",
                "7: E: spec.args.snapshot-count: must be a string, not a number; put it in quotes"
            ),
            ("version: 3.4.23\n  version: 3.4.24", "7: spec.version: the field is given twice; the first is in line 6"),
            (
                "version: 3.4.23\n  storage:\n    quota: 8 GB",
                "8: E: spec.storage.quota: \"8 GB\" is not a size; write it like \"512Mi\" or \"8Gi\""
            ),
            ("version: 3.4.23\n  backup: {}", "7: E: spec.backup: needs an interval or a schedule"),
            (
                "version: 3.4.23\n  backup:\n    interval: 30",
                "8: E: spec.backup.interval: must be a duration with a unit; write it like \"30s\""
            ),
            (
                "version: 3.4.23\n  endpoints:\n  - http://127.0.0.1:1",
                "7: E: spec.endpoints: does not apply to provider Local; remove it"
            ),
            (
                "version: 3.4.23\n  deletionPolicy: Keep",
                "7: E: spec.deletionPolicy: \"Keep\" is not possible here; choose one of \"Retain\", \"Delete\""
            ),
            ("version: !secret x", "6: spec.version: the tag !secret is not supported; remove it"),
            ("version: !!int x", "6: spec.version: \"x\" is not what its tag !!int says"),
            ("version: !!set {a}", "6: spec.version: the tag tag:yaml.org,2002:set is not supported; remove it"),
        ])
    func wrongField(line: String, expected: String) {
        let expected = "orders.yaml:" + expected.replacing(" E: ", with: " EtcdCluster \"orders\": ")
        #expect(complaint(cluster(line)) == expected)
    }

    @Test(
        "A text that is not YAML is refused with the line and what to do",
        arguments: [
            (
                "a: b: c\n",
                "1: a field is not allowed here; check the indentation, and put text that holds \": \" in quotes"
            ),
            ("a: 1\n\tb: 2\n", "2: a tab is used for indentation; YAML wants spaces"),
            ("a:\n\t- 2\n", "2: a tab is used for indentation; YAML wants spaces"),
            ("a: @home\n", "1: a text cannot begin with '@'; put it in quotes"),
            ("a: 1\nb\nc: 2\n", "3: a ':' is missing after the field name that begins in line 2"),
            ("a: \"one\nb: 2\n", "3: the quoted text that begins in line 1 is not closed"),
            ("a: [1, 2\nb: 3\n", "2: the list that begins with '[' in line 1 goes on without ',' or ']'"),
            ("a: {b: 2\nc: 3\n", "2: the object that begins with '{' in line 1 goes on without ',' or '}'"),
            ("- a\nb: 1\n", "2: a list element (\"- ...\") is expected here; check the indentation"),
            (
                "a: 1\n  b: 2\n",
                "2: a field is not allowed here; check the indentation, and put text that holds \": \" in quotes"
            ),
            ("a: - b\n", "1: a list element (\"- ...\") is not allowed here; begin the list in a line of its own"),
            (
                "a:\n    b: 1\n  c: 2\n",
                "3: a field name is expected here; check the indentation of this line and the ones before"
            ),
            (
                "a: \"\\q\"\n",
                "1: this escape does not exist in a text in double quotes; write \"\\\\\" for a backslash"
            ),
            (
                "~\n...\nx: 1\n",
                "3: there is text after the end of the document; begin another document with a line \"---\""
            ),
            ("a: 1\nb: \u{0}\n", "2: the control character U+0000 is not allowed; is this a text file?"),
            ("a: *b\n", "1: the alias *b repeats nothing: no &b stands before it"),
            ("a: &b\n- *b\n", "2: the alias *b stands inside the very value it repeats"),
            ("a: &b {c: 1}\nd:\n  <<: *b\n", "3: merging with << is not supported; write the fields out"),
            ("? [a, b]\n: 1\n", "1: a field name must be text, not a list or an object"),
            ("? \n: 1\n", "1: a field name is missing before ':'"),
        ])
    func notYAML(text: String, expected: String) {
        #expect(complaint(text) == "orders.yaml:" + expected)
    }

    @Test("Bytes that are not UTF-8 are refused with their line")
    func notUTF8() {
        let source = ManifestSource(file: "x.yaml", bytes: Array("a: 1\nb: ".utf8) + [0xC3, 0x28, 0x0A])
        #expect(
            throws: ManifestError([
                ManifestProblem(
                    file: "x.yaml", line: 2, message: "the text is not valid UTF-8; save the file in that encoding")
            ])
        ) { try ManifestReader.read([source]) }
    }

    @Test(
        "A document that is no record says which kinds there are",
        arguments: [
            ("- 1\n", "1: a record must be an object with apiVersion and kind, not a list"),
            ("text\n", "1: a record must be an object with apiVersion and kind, not a string"),
            ("kind: EtcdCluster\n", "1: apiVersion: must be given, such as \"lodestone.dev/v1alpha1\""),
            ("apiVersion: v1\n", "1: kind: must be given, such as \"EtcdCluster\""),
            ("apiVersion: v1\nkind: 3\n", "2: kind: must be given, such as \"EtcdCluster\""),
            (
                "apiVersion: v1\nkind: EtcdCluster\n",
                "1: apiVersion: \"v1\" has no kind EtcdCluster; write \"lodestone.dev/v1alpha1\""
            ),
            (
                "apiVersion: lodestone.dev/v1alpha1\nkind: EtcdCluser\n",
                "2: kind: unknown kind \"EtcdCluser\"; did you mean \"EtcdCluster\"?"
            ),
            (
                "apiVersion: v1\nkind: Deployment\n",
                "2: kind: unknown kind \"Deployment\"; known are Namespace, Secret, EtcdCluster, EtcdInspection, EtcdBackup, EtcdMigration, Role, RoleBinding, AccessToken, Event"
            ),
            ("apiVersion: v1\nkind: List\nitems: 3\n", "3: items: must be a list of records"),
            ("apiVersion: v1\nkind: Secret\n", "1: Secret: metadata.name: must be given"),
            (
                "apiVersion: v1\nkind: Secret\nmetadata:\n  name: A_b\n",
                "4: Secret \"A_b\": metadata.name: \"A_b\" is no valid name: use at most 253 lower-case letters, digits, '-' and '.', and begin and end with a letter or digit"
            ),
        ])
    func noRecord(text: String, expected: String) {
        #expect(complaint(text) == "orders.yaml:" + expected)
    }

    @Test("All problems of all documents are told at once")
    func allProblems() {
        let text = cluster("sise: 3") + "---\n" + cluster("version: 3.10", name: "b") + "---\nkind: [\n"
        #expect(
            complaint(text).split(separator: "\n").map { $0.split(separator: " ", maxSplits: 1)[0] } == [
                "orders.yaml:6:", "orders.yaml:14:", "orders.yaml:18:",
            ])
    }

    @Test("A record declared twice is refused with both places, also across files and spelled-out namespaces")
    func duplicates() {
        let second = cluster("version: 3.4.23").replacing("name: orders", with: "name: orders\n  namespace: default")
        #expect(
            throws: ManifestError([
                ManifestProblem(
                    file: "b.yaml", line: 4, record: "EtcdCluster \"orders\"", path: "metadata.name",
                    message: "is declared twice; first in a.yaml:4")
            ])
        ) {
            try ManifestReader.read([
                ManifestSource(file: "a.yaml", bytes: Array(cluster("version: 3.4.23").utf8)),
                ManifestSource(file: "b.yaml", bytes: Array(second.utf8)),
            ])
        }
    }

    @Test("Empty documents are skipped, lists are flattened, JSON is read")
    func documents() throws {
        let json = try read(cluster("version: 3.4.23", name: "json")).first?.document.prettyJSON ?? ""
        let list = """
            ---
            # nothing but a comment
            ---
            apiVersion: v1
            kind: List
            items:
            - apiVersion: v1
              kind: Namespace
              metadata: {name: team-a}
            - apiVersion: v1
              kind: Secret
              metadata: {name: s, namespace: team-a}
              stringData: {password: "on"}
            ---
            \(json)
            ---

            """
        let manifests = try read(list)
        #expect(manifests.map(\.name) == ["team-a", "s", "json"])
        #expect(manifests.map(\.namespace) == ["", "team-a", "default"])
        #expect(manifests[1].normalised[path: "data", "password"] == "b24=")
        #expect(manifests[1].line == 10)
    }

    @Test("JSON's escapes of characters outside the basic plane are read, which are no YAML")
    func jsonSurrogates() throws {
        let text = """
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "annotations": {"a": "\\ud83d\\ude00"}}}
            """
        #expect(try read(text).first?.document[path: "metadata", "annotations", "a"] == "\u{1F600}")
    }

    @Test("Anchors and aliases are followed")
    func aliases() throws {
        let text = """
            apiVersion: v1
            kind: List
            items:
            - &first
              apiVersion: v1
              kind: Secret
              metadata: {name: a, labels: &labels {team: x}}
            - apiVersion: v1
              kind: Secret
              metadata: {name: b, labels: *labels}
            """
        #expect(try read(text).map { $0.document[path: "metadata", "labels", "team"] } == ["x", "x"])
    }
}
