import Glibc

/// Tells threads that run at the same time apart.
enum ThreadNumber {
    /// The thread that asks.
    static var current: UInt64 { UInt64(pthread_self()) }
}
