import TestSupport
import Transport

extension GRPCChannel {
    /// A unary call with time enough for a busy machine.
    func call(
        _ method: String, _ request: [UInt8], options: CallOptions = CallOptions(timeout: .seconds(30))
    ) async throws(GRPCError) -> GRPCMessage {
        try await unary(method, request, options: options)
    }

    /// The same with its failure as a value, so that it keeps its type through `async let`.
    func attempt(
        _ method: String, _ request: [UInt8], options: CallOptions = CallOptions(timeout: .seconds(30))
    ) async -> Result<GRPCMessage, GRPCError> {
        do throws(GRPCError) {
            return .success(try await unary(method, request, options: options))
        } catch {
            return .failure(error)
        }
    }
}

extension Result {
    /// The error, if it is one.
    var failure: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}

/// The few etcd requests these tests need, encoded by hand: the module under test does not know etcd.
enum EtcdWire {
    static let range = "/etcdserverpb.KV/Range"
    static let put = "/etcdserverpb.KV/Put"
    static let status = "/etcdserverpb.Maintenance/Status"
    static let snapshot = "/etcdserverpb.Maintenance/Snapshot"
    static let watch = "/etcdserverpb.Watch/Watch"

    /// A PutRequest.
    static func putRequest(_ key: String, _ value: [UInt8]) -> [UInt8] {
        field(1, Array(key.utf8)) + field(2, value)
    }

    /// A RangeRequest of one key, or of `key..<end`.
    static func rangeRequest(_ key: String, end: String = "", limit: UInt64 = 0) -> [UInt8] {
        field(1, Array(key.utf8)) + (end.isEmpty ? [] : field(2, Array(end.utf8)))
            + (limit == 0 ? [] : [3 << 3] + varint(limit))
    }

    /// A WatchRequest that creates a watch from `key` to the end of all keys.
    static func watchRequest(from key: String) -> [UInt8] {
        field(1, field(1, Array(key.utf8)) + field(2, [0]))
    }

    /// A WatchRequest that asks for progress.
    static let progressRequest: [UInt8] = field(3, [])

    static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        [number << 3 | 2] + varint(UInt64(bytes.count)) + bytes
    }

    static func varint(_ value: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    /// The fields of a message: its number with the bytes of a length-delimited one or the value of a varint.
    static func fields(_ bytes: ArraySlice<UInt8>) -> [(number: Int, value: UInt64, bytes: ArraySlice<UInt8>)] {
        var rest = bytes
        var result: [(number: Int, value: UInt64, bytes: ArraySlice<UInt8>)] = []
        while !rest.isEmpty {
            let tag = readVarint(&rest)
            let value = readVarint(&rest)
            if tag & 7 == 2 {
                result.append((Int(tag >> 3), value, rest.prefix(Int(value))))
                rest = rest.dropFirst(Int(value))
            } else {
                result.append((Int(tag >> 3), value, []))
            }
        }
        return result
    }

    /// The key-values of a RangeResponse as (key, value, version).
    static func keyValues(_ response: GRPCMessage) -> [(key: String, value: ArraySlice<UInt8>, version: UInt64)] {
        fields(bytes(response)[...]).filter { $0.number == 2 }.map { pair in
            var result: (key: String, value: ArraySlice<UInt8>, version: UInt64) = ("", [], 0)
            for field in fields(pair.bytes) {
                switch field.number {
                case 1: result.key = String(decoding: field.bytes, as: UTF8.self)
                case 4: result.version = field.value
                case 5: result.value = field.bytes
                default: break
                }
            }
            return result
        }
    }

    static func bytes(_ message: GRPCMessage) -> [UInt8] { message.withBytes { Array($0) } }

    private static func readVarint(_ bytes: inout ArraySlice<UInt8>) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while let byte = bytes.popFirst() {
            value |= UInt64(byte & 0x7f) << shift
            shift += 7
            if byte < 0x80 {
                break
            }
        }
        return value
    }
}
