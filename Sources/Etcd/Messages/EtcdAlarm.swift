/// An alarm that is raised in a cluster until somebody clears it.
public struct EtcdAlarm: Sendable, Hashable {
    /// What is wrong.
    public enum Kind: Sendable, Hashable {
        /// The database of the member reached its quota; the cluster accepts no more writes that take space.
        case noSpace
        /// The data of the member differs from that of the others; the cluster serves no more reads and writes.
        case corrupt
        /// An alarm that this program does not know, by its number.
        case other(UInt64)

        init(rawValue: UInt64) {
            switch rawValue {
            case 1: self = .noSpace
            case 2: self = .corrupt
            default: self = .other(rawValue)
            }
        }

        var rawValue: UInt64 {
            switch self {
            case .noSpace: 1
            case .corrupt: 2
            case .other(let number): number
            }
        }
    }

    /// The member the alarm is about; 0 if etcd cannot say which.
    public var memberID: UInt64
    /// What is wrong.
    public var kind: Kind

    /// Makes an alarm.
    public init(memberID: UInt64, kind: Kind) {
        self.memberID = memberID
        self.kind = kind
    }
}

extension EtcdAlarm: DecodableMessage {
    init(decoding bytes: UnsafeRawBufferPointer) throws(ProtobufError) {
        self.init(memberID: 0, kind: .other(0))
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: memberID = try reader.uint64(field)
            case 2: kind = Kind(rawValue: try reader.uint64(field))
            default: try reader.skip(field)
            }
        }
    }
}

/// What is to be done with alarms.
enum AlarmAction: UInt64 {
    case get = 0
    case activate = 1
    case deactivate = 2
}

/// The alarms that are raised, or that were changed.
struct AlarmResponse: DecodableMessage {
    var alarms: [EtcdAlarm] = []

    init(decoding bytes: UnsafeRawBufferPointer) throws(ProtobufError) {
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 2: alarms.append(try reader.message(EtcdAlarm.self, field))
            default: try reader.skip(field)
            }
        }
    }
}
