import Glibc
import TestSupport

/// A real etcd that answers for many addresses.
///
/// One etcd listens on any number of client URLs. It advertises one, as any member does.
struct FleetServer: Sendable {
    /// Its process.
    let process: ChildProcess
    /// Its port, on every address.
    let port: Int
    /// The client URLs that stand for clusters.
    let endpoints: [String]

    /// The client URL in its member list.
    var advertised: String { "http://127.0.0.1:\(port)" }

    /// Starts one on so many addresses of 127.20.`number`.0/24 and waits until it is healthy.
    static func start(number: Int, addresses: Int, in directory: String) async throws -> FleetServer {
        let ports = try FreePort.next(2)
        let (advertised, peer) = ("http://127.0.0.1:\(ports[0])", "http://127.0.0.1:\(ports[1])")
        let endpoints = (1...addresses).map { "http://127.20.\(number).\($0):\(ports[0])" }
        let data = "\(directory)/server-\(number)"
        let process = try await ChildProcess.start(
            "/usr/bin/etcd",
            [
                "--name", "m\(number)", "--data-dir", data, "--listen-peer-urls", peer,
                "--initial-advertise-peer-urls", peer, "--initial-cluster", "m\(number)=\(peer)",
                "--initial-cluster-token", "fleet-\(number)", "--advertise-client-urls", advertised,
                "--listen-client-urls", ([advertised] + endpoints).joined(separator: ","), "--logger", "zap",
                "--log-outputs", "stderr",
            ], output: "\(data).log")
        let server = FleetServer(process: process, port: ports[0], endpoints: endpoints)
        do {
            try await eventually("etcd \(number) is healthy", timeout: .seconds(60)) {
                guard process.isRunning else { throw BenchError("etcd has ended; see \(data).log") }
                return try await LoopbackHTTP.get(port: ports[0], path: "/health").body.contains(#""true""#)
            }
            return server
        } catch {
            process.signal(SIGKILL)
            throw error
        }
    }

    /// How many calls of a method it has answered since its start, by its own count.
    func answered(_ method: String) async throws -> Int {
        let metrics = try await LoopbackHTTP.get(port: port, path: "/metrics", timeout: .seconds(10)).body
        var sum = 0
        for line in metrics.split(separator: "\n")
        where line.hasPrefix("grpc_server_handled_total{") && line.contains("grpc_method=\"\(method)\"") {
            sum += line.split(separator: " ").last.flatMap { Double($0) }.map { Int($0) } ?? 0
        }
        return sum
    }
}
