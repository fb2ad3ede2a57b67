import Model
import Transport

/// The lock that keeps an object from being deleted, as the head of the object tells of it.
struct ObjectLock: Equatable, CustomStringConvertible {
    /// Until when it is kept; nil if only a legal hold keeps it.
    let until: Timestamp?
    /// Whether a legal hold keeps it, which ends when somebody lifts it.
    let isHeld: Bool

    /// Reads the lock; nil if there is none, or the server does not show it to this user.
    init?(_ head: HTTPClientHead) {
        until = head.header("x-amz-object-lock-retain-until-date").flatMap { Timestamp($0) }
        isHeld = head.header("x-amz-object-lock-legal-hold")?.uppercased() == "ON"
        guard until != nil || isHeld else { return nil }
    }

    /// Whether the object is kept at a moment.
    func holds(at now: Timestamp) -> Bool {
        isHeld || until.map { now < $0 } ?? false
    }

    /// What keeps the object, as a clause.
    var description: String {
        let date = until.map { " until \($0)" } ?? ""
        return isHeld
            ? "it is kept by a legal hold\(until.map { ", and by object lock until \($0)" } ?? "")"
            : "it is kept by object lock\(date)"
    }
}
