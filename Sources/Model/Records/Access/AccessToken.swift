/// The right of whoever holds a secret to act as a user, until it expires or is revoked.
///
/// The server keeps a digest only: the secret itself is made where it is used, shown once, and reaches the server as a
/// bearer token and in no other way.
public struct AccessToken: Resource {
    /// What records of the kind are for.
    public static let summary =
        "A secret by which somebody is known to the API, of which only the digest is kept; it can expire and be "
        + "revoked."
    /// The kind.
    public static let kind = Kind(
        group: Kind.lodestoneGroup, version: "v1alpha1", name: "AccessToken", plural: "accesstokens",
        shortNames: ["token"], categories: ["access"], isNamespaced: false, hasStatus: false)
    /// Identity, labels and history.
    public var metadata = ObjectMeta()
    /// Whom the token stands for, and for how long.
    public var spec = AccessTokenSpec()

    /// Creates an empty record.
    public init() {}

    /// The fields.
    public static let fields: [Field<AccessToken>] = [
        Field("metadata", \.metadata, "Identity, labels and history."),
        Field("spec", \.spec, "Whom the token stands for, and for how long.", required: true),
    ]

    /// The table.
    public static let columns: [Column<AccessToken>] = [
        Column("User", "The user the token stands for.") { record, _ in .string(record.spec.user) },
        Column("Expires", "Until when it can be used.") { record, _ in
            .string(record.spec.expires?.description ?? "never")
        },
        Column("State", "Whether it can be used: Active, Expired or Revoked.") { record, now in
            .string(record.state(at: now).rawValue)
        },
        .age,
        Column("Groups", "The user's groups.", wide: true) { record, _ in
            .string(record.spec.groups.joined(separator: ","))
        },
    ]

    /// Whether a token can be used.
    public enum State: String, Sendable {
        /// It can.
        case active = "Active"
        /// Its time is over.
        case expired = "Expired"
        /// Somebody has revoked it.
        case revoked = "Revoked"
    }

    /// Whether the token can be used at a moment.
    public func state(at now: Timestamp) -> State {
        if spec.revoked { return .revoked }
        guard let expires = spec.expires, expires <= now else { return .active }
        return .expired
    }

    /// Names must be printable, and the digest one.
    public func validate() -> [FieldProblem] {
        var problems: [FieldProblem] = []
        let names =
            [(FieldPath("spec.user"), spec.user)]
            + spec.groups.enumerated().map { (FieldPath("spec.groups").appending($0), $1) }
        for (path, name) in names {
            let hasControls = name.unicodeScalars.contains { $0.properties.generalCategory == .control }
            if !(1...256).contains(name.utf8.count) || hasControls {
                problems.append(
                    FieldProblem(path, .invalid, "must be 1 to 256 bytes of text without control characters"))
            } else if name.hasPrefix("system:") {
                problems.append(
                    FieldProblem(path, .forbidden, "names that begin with \"system:\" are the server's to give"))
            }
        }
        let isDigest =
            spec.digest.utf8.count == 64
            && spec.digest.utf8.allSatisfy { byte in
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
            }
        if !isDigest {
            problems.append(
                FieldProblem(
                    "spec.digest", .invalid, "must be a SHA-256 digest in 64 lower-case hexadecimal digits"))
        }
        return problems
    }
}

/// Whom a token stands for, and for how long.
public struct AccessTokenSpec: Structure {
    /// The user.
    public var user = ""
    /// The user's groups.
    public var groups: [String] = []
    /// The SHA-256 of the token as clients send it, in hexadecimal digits.
    public var digest = ""
    /// From when on it cannot be used any more; nil for never.
    public var expires: Timestamp?
    /// Whether it cannot be used any more, for good.
    public var revoked = false

    /// Creates an empty token.
    public init() {}

    /// The fields.
    public static let fields: [Field<AccessTokenSpec>] = [
        Field("user", \.user, "The user the token stands for; cannot be changed.", required: true),
        Field("groups", \.groups, "The user's groups; cannot be changed.", .atMost(100)),
        Field(
            "digest", \.digest,
            "The SHA-256 of the token as clients send it, lodestone_ included, in lower-case hexadecimal digits; "
                + "cannot be changed. The token itself is never stored.", required: true),
        Field("expires", \.expires, "From when on the token cannot be used any more; never if not given."),
        Field("revoked", \.revoked, "Whether the token cannot be used any more; cannot be taken back."),
    ]
}
