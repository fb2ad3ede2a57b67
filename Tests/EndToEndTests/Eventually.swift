import TestSupport

/// Waits as TestSupport's form does, but asks less often: here each question starts a process, and what is waited for
/// needs the processors too.
func eventually(
    _ what: String, timeout: Duration = .seconds(10), poll: Duration = .milliseconds(300),
    _ condition: () async throws -> Bool
) async throws {
    try await TestSupport.eventually(what, timeout: timeout, poll: poll, condition)
}

/// Waits until `value` gives something other than nil and returns it; otherwise fails as the other form does.
func eventually<Value>(
    _ what: String, timeout: Duration = .seconds(10), poll: Duration = .milliseconds(300),
    value: () async throws -> Value?
) async throws -> Value {
    try await TestSupport.eventually(what, timeout: timeout, poll: poll, value: value)
}
