/// How long a condition is waited for that should be true within `timeout`: a machine that is busy with other things is
/// slow, and what is waited for is whether something comes true, not when.
private func patience(_ timeout: Duration) -> Duration { min(timeout * 4, timeout + .seconds(120)) }

/// Waits until `condition` holds, polling it, and fails with a sentence that names what was awaited.
///
/// An error thrown by `condition` counts as "not yet"; the last one is told when the time is up.
public func eventually(
    _ what: String = "the condition", timeout: Duration = .seconds(10), poll: Duration = .milliseconds(20),
    _ condition: () async throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let deadline = clock.now.advanced(by: patience(timeout))
    var lastError: (any Error)?
    while true {
        do {
            if try await condition() { return }
            lastError = nil
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            lastError = error
        }
        guard clock.now < deadline else {
            let cause = lastError.map { " The last error was: \($0)" } ?? ""
            throw TestSupportError("After \(patience(timeout)), still waiting until \(what).\(cause)")
        }
        try await clock.sleep(for: poll)
    }
}

/// Waits until `value` gives something other than nil and returns it; otherwise fails as the other form does.
public func eventually<Value>(
    _ what: String = "the value is there", timeout: Duration = .seconds(10), poll: Duration = .milliseconds(20),
    value: () async throws -> Value?
) async throws -> Value {
    var found: Value?
    try await eventually(what, timeout: timeout, poll: poll) {
        found = try await value()
        return found != nil
    }
    guard let found else { throw TestSupportError("No value, although it was seen: \(what).") }
    return found
}
