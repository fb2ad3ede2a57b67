import Synchronization

/// The engine's counters, written by its thread and read by anyone.
final class EngineCounters: Sendable {
    let attempts = Atomic<Int>(0)
    let connectionsOpened = Atomic<Int>(0)
    let connectionsClosed = Atomic<Int>(0)
    let ridersWithoutConnection = Atomic<Int>(0)
    let repeats = Atomic<Int>(0)
    let answersWithoutStatus = Atomic<Int>(0)
}

/// What an engine has done since it was created.
public struct HTTPEngineStatistics: Sendable, Hashable {
    /// Attempts to run a call or stream; more than the calls where some were tried twice.
    public var attempts: Int
    /// Connections that were made.
    public var connectionsOpened: Int
    /// Connections that stand now, idle ones included.
    public var openConnections: Int
    /// Attempts that expected an open connection, found none, and started over without anything having been sent.
    public var ridersWithoutConnection: Int
    /// Idempotent calls sent a second time because their connection broke.
    public var repeats: Int
    /// Complete gRPC answers accepted although libcurl had lost their trailers.
    public var answersWithoutStatus: Int
}
