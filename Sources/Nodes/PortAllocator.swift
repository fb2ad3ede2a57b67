import Glibc
import Synchronization

/// Hands out TCP ports of a range for members, none twice and none that something listens on.
///
/// It starts from the ports that the records already name, and holds what it has handed out until it is released, so
/// that two clusters created at the same time cannot get the same port before their records are written.
public final class PortAllocator: Sendable {
    private struct State {
        var reserved: Set<Int>
        var cursor: Int
    }

    /// The ports that are handed out.
    public let range: ClosedRange<Int>
    /// The IPv4 address on which a port must be free.
    public let address: String
    private let state: Mutex<State>

    /// Allocates from `range` on `address`; `reserved` are the ports that records name already, in the range or not.
    public init(range: ClosedRange<Int>, address: String = "127.0.0.1", reserved: some Sequence<Int> = []) {
        self.range = range
        self.address = address
        state = Mutex(State(reserved: Set(reserved), cursor: range.lowerBound))
    }

    /// Notes ports that a record names, so that they are not handed out.
    public func reserve(_ ports: some Sequence<Int>) {
        state.withLock { $0.reserved.formUnion(ports) }
    }

    /// Gives ports back when their member is gone.
    public func release(_ ports: some Sequence<Int>) {
        state.withLock { $0.reserved.subtract(ports) }
    }

    /// `count` ports that are neither reserved nor in use; they are reserved from now on.
    ///
    /// Goes round the range, so that a port that was just released is used again last: its old clients shall not find
    /// another cluster there. Throws `portsExhausted` and hands out nothing when there are too few.
    public func allocate(_ count: Int) throws(NodeError) -> [Int] {
        let taken = state.withLock { state -> [Int]? in
            var taken: [Int] = []
            var port = state.cursor
            for _ in range where taken.count < count {
                if !state.reserved.contains(port), isFree(port) { taken.append(port) }
                port = port == range.upperBound ? range.lowerBound : port + 1
            }
            guard taken.count == count else { return nil }
            state.reserved.formUnion(taken)
            state.cursor = port
            return taken
        }
        guard let taken else {
            throw .portsExhausted(range: range, reserved: state.withLock { $0.reserved.count { range.contains($0) } })
        }
        return taken
    }

    /// Whether a server could listen on the port now, as etcd would.
    public func isFree(_ port: Int) -> Bool {
        guard (1...65_535).contains(port) else { return false }
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var on: Int32 = 1
        // Go sets this too; without it a connection in TIME_WAIT would make a free port look taken.
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = in_port_t(port).bigEndian
        guard inet_pton(AF_INET, address, &name.sin_addr) == 1 else { return false }
        let bound = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return bound == 0 && listen(descriptor, 1) == 0
    }
}
