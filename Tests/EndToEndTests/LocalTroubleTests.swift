import Glibc
import Model
import TestSupport
import Testing

/// What stands in the way of Local clusters from outside: foreign processes, lost records, people who ask for a pause.
@Suite(.timeLimit(.minutes(15)))
struct LocalTroubleTests {
    @Test("A planned port that somebody else takes before the cluster has formed gives way to another")
    func takenPort() async throws {
        try await ControllerFixture.run { fixture, _ in
            // Paused, the members are planned and not started, which leaves time to take a port.
            try await fixture.apply(ControllerFixture.manifest("orders", more: "  paused: true"))
            let planned = try await eventually("the members are planned", timeout: .seconds(30)) {
                let members = try await fixture.record(EtcdCluster.self, "orders")?.status.members ?? []
                return members.count == 3 ? members : nil
            }
            let port = try #require(planned[1].endpoint.split(separator: ":").last.flatMap { Int($0) })
            let thief = try PortHolder(port)
            defer { thief.release() }
            try await fixture.apply(ControllerFixture.manifest("orders"))
            let cluster = try await fixture.waitForCluster("orders")
            #expect(cluster.status.members.count == 3)
            #expect(!cluster.status.members.contains { $0.endpoint == planned[1].endpoint })
            let events = try await fixture.records(Event.self).filter { $0.reason == "PortsTaken" }
            #expect(events.count == 1 && events[0].message.contains("\(port)"), "\(events)")
        }
    }

    @Test("A paused cluster's member stays down when it is killed, and the record and the report say why")
    func paused() async throws {
        try await ControllerFixture.run { fixture, controller in
            try await fixture.apply(ControllerFixture.manifest("orders"))
            let cluster = try await fixture.waitForCluster("orders")
            try await fixture.apply(ControllerFixture.manifest("orders", more: "  paused: true"))
            try await fixture.succeed("wait", "ec/orders", "--for", "condition=Paused")
            // Also a controller that starts while a cluster is paused hears of ends and starts nothing.
            try await controller.end()
            controller = try await fixture.start()
            try await fixture.waitUntilReady()
            let victim = try #require(cluster.status.members.first { $0.role == .follower })
            kill(try #require(victim.pid.map { Int32($0) }), SIGKILL)
            let down = try await eventually("the record tells of it", timeout: .seconds(30)) {
                let now = try await fixture.record(EtcdCluster.self, "orders")
                return now?.status.conditions[.paused]?.reason == "MembersStayDown" ? now : nil
            }
            let member = try #require(down.status.members.first { $0.name == victim.name })
            #expect(member.message.contains("spec.paused"), "\(member.message)")
            // Long after the first restarts would have been due.
            try await eventually("the members are looked at again", timeout: .seconds(120)) {
                let now = try await fixture.record(EtcdCluster.self, "orders")
                guard let then = down.status.observedTime, let last = now?.status.observedTime else { return false }
                return last - then >= .seconds(5)
            }
            #expect(fixture.members.count == 2)
            let report = try await fixture.lodestone("report", "--fail-on", "warning")
            #expect(report.status == 3)
            #expect(report.output.contains("MembersDownWhilePaused (\(victim.name))"), "\(report.output)")
            #expect(try await fixture.succeed("get", "ec").contains("(paused)"))

            try await fixture.apply(ControllerFixture.manifest("orders"))
            let after = try await fixture.waitForCluster("orders")
            #expect(fixture.members.count == 3)
            #expect(after.status.conditions[.paused] == nil)
        }
    }

    @Test("Members that no record claims are told and left alone")
    func orphans() async throws {
        try await ControllerFixture.run { fixture, controller in
            try await fixture.apply(ControllerFixture.manifest("orders"))
            try await fixture.waitForCluster("orders")
            let before = fixture.members.sorted()
            #expect(!(try await fixture.succeed("report")).contains("OrphanMembers"))
            try await controller.end()
            // The record store is lost.
            for name in directoryEntries(fixture.data) where name.hasPrefix("store") || name.hasSuffix(".sqlite") {
                removeTree("\(fixture.data)/\(name)")
            }
            controller = try await fixture.start()
            try await fixture.waitUntilReady()
            #expect(try await fixture.records(EtcdCluster.self).isEmpty, "\(directoryEntries(fixture.data))")
            let report = try await eventually("the report tells of it", timeout: .seconds(30)) {
                let output = try await fixture.lodestone("report", "--fail-on", "critical")
                return output.status == 3 ? output.output : nil
            }
            #expect(
                report.contains("no record claims 3 members of cluster default/orders, of which 3 run"), "\(report)")
            #expect(report.contains("provider Imported"), "\(report)")
            // A new cluster of that name is another one and does not touch them.
            try await fixture.apply(ControllerFixture.manifest("orders", size: 1))
            try await fixture.waitForCluster("orders")
            #expect(Set(before).isSubset(of: fixture.members))
            #expect(fixture.members.count == 4)
        }
    }
}

/// Somebody else's server on a port of 127.0.0.1.
private struct PortHolder {
    private let descriptor: Int32

    init(_ port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard bound == 0, listen(descriptor, 1) == 0 else {
            close(descriptor)
            throw TestSupportError("Nothing can listen on 127.0.0.1:\(port).")
        }
    }

    func release() { close(descriptor) }
}
