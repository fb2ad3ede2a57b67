/// Runs `body`, but no longer than `limit`; then it is cancelled and the failure of `late` is thrown.
func withTimeLimit<Result: Sendable>(
    _ limit: Duration, late: @escaping @Sendable () -> CommandFailure,
    _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result?.self) { group in
        defer { group.cancelAll() }
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: limit)
            return nil
        }
        guard let result = try await group.next().flatMap(\.self) else { throw late() }
        return result
    }
}
