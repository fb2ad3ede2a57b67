/// A place for backups.
public struct BackupStorageSpec: Structure {
    /// What kind of place.
    public var type = BackupStorageType.directory
    /// The directory; the controller's own backup directory if not given; Directory only.
    public var path: String?
    /// The bucket and the way to it; S3 only.
    public var s3: S3StorageSpec?

    /// Creates the default.
    public init() {}

    /// The fields.
    public static let fields: [Field<BackupStorageSpec>] = [
        Field("type", \.type, "What kind of place: Directory or S3."),
        Field(
            "path", \.path,
            "The directory, absolute; the controller's own backup directory if not given. Directory only."),
        Field("s3", \.s3, "The bucket and the way to it. S3 only."),
    ]

    func validate(at path: FieldPath) -> [FieldProblem] {
        var problems: [FieldProblem] = []
        switch type {
        case .directory:
            if s3 != nil {
                problems.append(
                    FieldProblem(
                        path.appending("s3"), .forbidden, "does not apply to type Directory; set type: S3 or remove it")
                )
            }
        case .s3:
            if self.path != nil {
                problems.append(
                    FieldProblem(
                        path.appending("path"), .forbidden,
                        "does not apply to type S3; s3.prefix says where in the bucket"))
            }
            if s3 == nil {
                problems.append(
                    FieldProblem(
                        path.appending("s3"), .required,
                        "must be given with type S3: endpoint, bucket and credentialsSecretRef"))
            }
        }
        return problems + (s3?.validate(at: path.appending("s3")) ?? [])
    }
}

/// The kinds of places for backups.
public enum BackupStorageType: String, Choice {
    /// A directory of the controller's machine, possibly on a network file system.
    case directory = "Directory"
    /// A bucket of an object storage that speaks S3.
    case s3 = "S3"
}
