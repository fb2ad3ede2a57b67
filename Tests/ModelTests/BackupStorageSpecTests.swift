import Model
import Testing

/// What may be said of a place for backups.
struct BackupStorageSpecTests {
    private func backup(_ storage: String) throws -> EtcdBackup {
        try EtcdBackup(
            document: Value(
                json: #"{"metadata":{"name":"a"},"spec":{"clusterRef":{"name":"c"},"storage":\#(storage)}}"#))
    }

    private static func s3(_ fields: String) -> String {
        #"{"type":"S3","s3":{"bucket":"fleet","credentialsSecretRef":{"name":"keys"},\#(fields)}}"#
    }

    @Test(
        "Good places are taken, and their defaults filled in",
        arguments: [
            #""endpoint":"https://s3.eu-central-1.amazonaws.com""#, #""endpoint":"https://s3.example.com:9000/""#,
            #""endpoint":"http://127.0.0.1:7480""#, #""endpoint":"http://localhost""#, #""endpoint":"http://[::1]:80""#,
            #""endpoint":"http://10.0.0.9","allowInsecure":true"#, #""endpoint":"https://[fd00::1]","prefix":"a/ü b""#,
            #""endpoint":"https://s3.example.com","pathStyle":false,"caSecretRef":{"name":"ca"}"#,
        ])
    func good(fields: String) throws {
        let place = try #require(try backup(Self.s3(fields)).spec.storage?.s3)
        #expect(place.region == "us-east-1")
        #expect(place.bucket == "fleet")
    }

    private static let unencrypted =
        "spec.storage.s3.endpoint: is not encrypted, and backups hold everything the cluster holds; use https, or set "
        + "allowInsecure: true"

    private static let flaws: [(String, String)] = [
        (
            #"{"type":"S3"}"#,
            "spec.storage.s3: must be given with type S3: endpoint, bucket and credentialsSecretRef"
        ),
        (
            #"{"s3":{"endpoint":"https://h","bucket":"abc","credentialsSecretRef":{"name":"k"}}}"#,
            "spec.storage.s3: does not apply to type Directory; set type: S3 or remove it"
        ),
        (
            #"{"type":"S3","path":"/a","s3":{"endpoint":"https://h","bucket":"abc","credentialsSecretRef":{"name":"k"}}}"#,
            "spec.storage.path: does not apply to type S3; s3.prefix says where in the bucket"
        ),
        (s3(#""endpoint":"http://10.0.0.9:7480""#), unencrypted),
        (s3(#""endpoint":"http://127.evil.example""#), unencrypted),
        (
            s3(#""endpoint":"https://h:0""#),
            #"spec.storage.s3.endpoint: "https://h:0" is not the URL of a server; write it like "https://s3.example.com", without a path"#
        ),
        (
            s3(#""endpoint":"s3.example.com/bucket""#),
            #"spec.storage.s3.endpoint: "s3.example.com/bucket" is not the URL of a server; write it like "https://s3.example.com", without a path"#
        ),
        (
            s3(#""endpoint":"https://user:pw@h""#),
            "spec.storage.s3.endpoint: must not hold a user name or password; put them into a Secret and name it "
                + "in credentialsSecretRef"
        ),
        (
            s3(#""endpoint":"https://h","prefix":"/a""#),
            #"spec.storage.s3.prefix: "/a" has an empty name, "." or ".." between its slashes; write it like "fleet/a""#
        ),
        (
            s3(#""endpoint":"https://h","prefix":"a/../b""#),
            #"spec.storage.s3.prefix: "a/../b" has an empty name, "." or ".." between its slashes; write it like "fleet/a""#
        ),
        (
            s3(#""endpoint":"https://10.0.0.9","pathStyle":false"#),
            "spec.storage.s3.pathStyle: must be true, because no bucket can stand in front of an IP address"
        ),
        (
            s3(#""endpoint":"http://127.0.0.1","caSecretRef":{"name":"ca"}"#),
            "spec.storage.s3.caSecretRef: does not apply to an http endpoint; use https or remove it"
        ),
        (
            s3(#""endpoint":"https://h","region":"eu west""#),
            #"spec.storage.s3.region: "eu west" is not the name of a region; write it like "eu-central-1""#
        ),
        (
            #"{"type":"S3","s3":{"endpoint":"https://h","bucket":"Fleet_A","credentialsSecretRef":{"name":"k"}}}"#,
            #"spec.storage.s3.bucket: "Fleet_A" is not the name of a bucket; use 3 to 63 lower-case letters, digits, "-" and ".""#
        ),
    ]

    @Test("What is wrong with a place is told in one sentence with its path", arguments: flaws)
    func wrong(storage: String, sentence: String) throws {
        let error = #expect(throws: InvalidRecord.self) { try backup(storage) }
        #expect(error?.problems.map(\.description) == [sentence])
    }

    @Test("A cluster's policy is held to the same rules, under its own path")
    func policy() throws {
        let error = #expect(throws: InvalidRecord.self) {
            try EtcdCluster(
                document: Value(
                    json:
                        #"{"metadata":{"name":"a"},"spec":{"version":"3.4.23","backup":{"interval":"1h","storage":{"type":"S3"}}}}"#
                ))
        }
        #expect(error?.problems.map(\.path.description) == ["spec.backup.storage.s3"])
    }
}
