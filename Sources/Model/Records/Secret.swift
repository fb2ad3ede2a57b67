/// Confidential values other records point at (core/v1 `Secret`); values are base64 in documents.
public struct Secret: Resource {
    /// What records of the kind are for.
    public static let summary =
        "Passwords, certificates and keys that other records refer to; encrypted where they are stored."
    /// The kind.
    public static let kind = Kind(
        group: "", version: "v1", name: "Secret", plural: "secrets", shortNames: [], isNamespaced: true,
        hasStatus: false, isConfidential: true)
    /// The annotation that lets a secret be deleted while records need it: `false`.
    public static let deletionProtection = "lodestone.dev/deletion-protection"
    /// Identity, labels and history.
    public var metadata = ObjectMeta()
    /// The values, in base64.
    public var data: [String: String] = [:]
    /// Values given as plain text; folded into `data`, never stored.
    public var stringData: [String: String] = [:]
    /// What the secret is for, as Kubernetes types them.
    public var type = "Opaque"
    /// Whether the values may not change any more.
    public var immutable: Bool?

    /// Creates an empty record.
    public init() {}

    /// The fields.
    public static let fields: [Field<Secret>] = [
        Field("metadata", \.metadata, "Identity, labels and history."),
        Field("data", \.data, "The values, each in base64."),
        Field("stringData", \.stringData, "Values as plain text, folded into data when the record is written."),
        Field("type", \.type, "What the secret is for."),
        Field("immutable", \.immutable, "Whether the values may not change any more."),
    ]

    /// The table.
    public static let columns: [Column<Secret>] = [
        Column("Type", "What the secret is for.") { record in .string(record.type) },
        Column("Data", "The number of values.", type: .integer) { record in .integer(Int64(record.data.count)) },
        .age,
    ]

    /// Folds the plain texts into the encoded values.
    public mutating func applyDefaults() {
        for (key, text) in stringData {
            data[key] = Base64.encode(Array(text.utf8))
        }
        stringData = [:]
    }

    /// Every value must be base64.
    public func validate() -> [FieldProblem] {
        data.sorted { $0.key < $1.key }.compactMap { key, text in
            Base64.decode(text) == nil
                ? FieldProblem(
                    FieldPath("data").appending(key), .invalid, "must be base64; use stringData for plain text") : nil
        }
    }

    /// The bytes of a value.
    public func bytes(_ key: String) -> [UInt8]? {
        data[key].flatMap { Base64.decode($0) }
    }

    /// A value as text.
    public func text(_ key: String) -> String? {
        bytes(key).flatMap { String(validating: $0, as: UTF8.self) }
    }
}
