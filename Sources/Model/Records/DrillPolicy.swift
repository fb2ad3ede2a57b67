/// When the newest backup of a cluster is restored to prove that it can be.
public struct DrillPolicy: Structure {
    /// How often, counted from the end of the last drill.
    public var interval: Duration?
    /// When, as a cron line of five fields in UTC.
    public var schedule: String?
    /// Whether to make no drills by schedule for now.
    public var suspend = false

    /// Creates the default.
    public init() {}

    /// The fields.
    public static let fields: [Field<DrillPolicy>] = [
        Field(
            "interval", \.interval, "How often to restore the newest backup on trial, counted from the last drill.",
            .between(.seconds(10), .seconds(366 * 86400))),
        Field("schedule", \.schedule, "When to do so: a cron line of five fields, in UTC."),
        Field("suspend", \.suspend, "Whether to make no drills by schedule for now."),
    ]

    func validate(at path: FieldPath) -> [FieldProblem] {
        switch (interval, schedule) {
        case (.some, .some):
            [FieldProblem(path.appending("schedule"), .forbidden, "interval is given too; keep one of the two")]
        case (nil, nil): [FieldProblem(path, .required, "needs an interval or a schedule")]
        default: []
        }
    }
}
