import Glibc
import Model
import Testing

@testable import Store

/// A Secret whose value is found in any file that holds it in clear, and what tests do with stores of such.
enum SealedSecret {
    static let kind = Secret.kind

    static func id(_ name: String) -> RecordID { RecordID(kind, namespace: "default", name: name) }

    /// A record whose value, and last-applied annotation, hold `text` in base64 and in clear.
    static func record(_ name: String, _ text: String) -> Secret {
        var secret = Secret()
        secret.metadata = ObjectMeta(name: name)
        secret.metadata.namespace = "default"
        secret.metadata.annotations = [
            "kubectl.kubernetes.io/last-applied-configuration": "{\"stringData\":\"\(text)\"}"
        ]
        secret.data = ["password": Base64.encode(Array(text.utf8))]
        return secret
    }

    /// The files below a directory that hold any of these texts, in clear or in base64.
    static func files(below directory: String, holding texts: [String]) throws -> [String] {
        let needles = texts.flatMap { [Array($0.utf8), Array(Base64.encode(Array($0.utf8)).utf8)] }
        var found: [String] = []
        let listing = try #require(opendir(directory))
        defer { closedir(listing) }
        while let entry = readdir(listing) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name != ".", name != ".." else { continue }
            let path = "\(directory)/\(name)"
            if entry.pointee.d_type == UInt8(DT_DIR) {
                found += try files(below: path, holding: texts)
            } else {
                let bytes = try readBytes(path)
                if needles.contains(where: { !bytes.ranges(of: $0).isEmpty }) { found.append(path) }
            }
        }
        return found
    }

    /// Turns a closed store into one of a program that knew no keys: everything in clear, in format 2.
    static func unseal(_ options: StoreOptions) throws {
        let keys = try options.keys.keys() ?? []
        let vault = RecordVault(kinds: options.kinds, keys: keys, keyFile: options.keys.path)
        let connection = try SQLiteConnection(path: options.path, mode: .write)
        for (table, number) in [("records", "id"), ("changes", "revision")] {
            var clear: [(Int64, [UInt8])] = []
            try connection.query(
                "SELECT \(number), namespace, name, revision, document FROM \(table) WHERE kind = 'Secret'", []
            ) { columns in
                let id = RecordID(kind, namespace: columns.text(1), name: columns.text(2))
                let document = Result { () throws(StoreError) in
                    try vault.opened(columns.bytes(4), of: id, at: columns.integer(3), path: options.path)
                }
                clear.append((columns.integer(0), (try? document.get()) ?? []))
                return true
            }
            for (id, document) in clear {
                #expect(!document.isEmpty)
                try connection.run(
                    "UPDATE \(table) SET document = ?2 WHERE \(number) = ?1", [.integer(id), .bytes(document)])
            }
        }
        try connection.execute("PRAGMA user_version = 2; DELETE FROM meta WHERE name = 'sealing'")
        unlink(options.keys.path)
    }
}
