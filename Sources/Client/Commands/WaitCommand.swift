import Model
import Synchronization

/// `lodestone wait`: returns once something has come true.
struct WaitCommand: Command {
    var targets: [String] = []
    var goal = WaitGoal.condition("Ready", "True")
    var timeout = Duration.seconds(60)
    var connection = ConnectionOptions()

    static let name = "wait"
    static let summary = "waits until records, or the controller itself, are as wanted"
    static let discussion = """
        What can be waited for: condition=TYPE or condition=TYPE=STATUS (judged by the present generation of the
        spec), phase=PHASE, create, delete; and, with no records named, "ready": that the controller answers and is
        ready. While it waits, what the records say of themselves is shown on standard error.
        """
    static let operands: [Operand<WaitCommand>] = [
        Operand("KIND/NAME", \.targets, completing: .targets, "The records to wait for")
    ]
    static let options: [CommandOption<WaitCommand>] =
        [
            CommandOption("for", \.goal, "What to wait for"),
            CommandOption("timeout", \.timeout, "How long to wait"),
        ] + ConnectionOptions.options.map { $0.within(\.connection) }
    static let examples = [
        CommandExample("lodestone wait --for ready", "Waits until the controller is ready."),
        CommandExample("lodestone wait ec/orders --timeout 2m", "Waits until a cluster is Ready."),
        CommandExample("lodestone wait eb/first --for phase=Succeeded", "Waits until a backup is done."),
    ]
    static let exitCodes = [ExitCode.unreachable, .timedOut]

    func complaint() -> String? {
        switch (goal, targets.isEmpty) {
        case (.ready, false): "\"--for ready\" is about the controller; for records write --for condition=Ready"
        case (.ready, true), (_, false): nil
        case (_, true): "name the records to wait for, such as ec/orders"
        }
    }

    func run(in session: Session) async throws -> ExitCode {
        if goal == .ready { return try await waitForController(session) }
        let named = try RecordTargets(targets, command: Self.name)
        guard named.areNamed else {
            throw UsageError("name the records to wait for, such as ec/orders", command: Self.name)
        }
        let connection = try await connection.connect(in: session)
        let deadline = ContinuousClock.now + timeout
        for target in named.targets {
            let query = RecordQuery(target.kind.kind, namespace: connection.namespace, name: target.name)
            let left = max(.zero, deadline - .now)
            try await wait(for: query, connection.client, within: left, session)
        }
        return .success
    }

    private func wait(
        for query: RecordQuery, _ client: APIClient, within left: Duration, _ session: Session
    ) async throws {
        let reference = "\(query.kind.singular)/\(query.name ?? "")"
        let seen = LastSeen()
        let (goal, timeout) = (goal, timeout)
        try await withTimeLimit(left) {
            CommandFailure(
                "\(reference) is not \(goal.words) after \(timeout.goText): \(seen.text)", code: .timedOut)
        } _: {
            let present = try await client.find(query)
            guard present != nil || goal == .delete || goal == .create else {
                throw CommandFailure("there is no \(reference) in namespace \(query.namespace ?? "")")
            }
            if try check(present, goal, reference, seen, session) { return }
            let start = present?[path: "metadata", "resourceVersion"]?.string ?? ""
            try await RecordFollower(client: client, query: query, patience: timeout).follow(from: start) { event in
                try check(event.kind == .deleted ? nil : event.object, goal, reference, seen, session)
            }
        }
    }

    /// Whether the record is as wanted; what it says of itself is shown when that is new.
    private func check(
        _ record: Value?, _ goal: WaitGoal, _ reference: String, _ seen: LastSeen, _ session: Session
    ) throws -> Bool {
        let verdict = goal.judge(record)
        if verdict.isMet {
            try session.console.print("\(reference) is \(goal.words)")
        } else if seen.replace(with: verdict.state) {
            try session.console.note("\(reference): \(verdict.state)")
        }
        return verdict.isMet
    }

    /// Asks until the controller says it is ready; it may not even have made its kubeconfig yet.
    private func waitForController(_ session: Session) async throws -> ExitCode {
        let seen = LastSeen()
        let timeout = timeout
        try await withTimeLimit(timeout) {
            CommandFailure("the controller is not ready after \(timeout.goText): \(seen.text)", code: .timedOut)
        } _: {
            // A kubeconfig is read again now and then: the first start of a controller writes it anew.
            var current: (connection: Connection, since: ContinuousClock.Instant)?
            while true {
                do {
                    let known = current.flatMap { $0.since + .seconds(2) > .now ? $0.connection : nil }
                    let connected: Connection
                    if let known {
                        connected = known
                    } else {
                        connected = try await connection.connect(in: session)
                        current = (connected, .now)
                    }
                    _ = try await connected.client.text("/readyz")
                    return try session.console.print("the controller is ready")
                } catch let error as APIError {
                    _ = seen.replace(with: "\(error)")
                } catch let error as CommandFailure {
                    _ = seen.replace(with: "\(error)")
                }
                try await Task.sleep(for: .milliseconds(200))
            }
        }
        return .success
    }
}

/// What a wait saw last, for the sentence that says what it was waiting for.
final class LastSeen: Sendable {
    private let last = Mutex("nothing was seen of it yet")

    /// The last state.
    var text: String { last.withLock { $0 } }

    /// Remembers a state; whether it is another than before.
    func replace(with text: String) -> Bool {
        last.withLock { last in
            defer { last = text }
            return last != text
        }
    }
}
