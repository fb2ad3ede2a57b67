import Etcd
import Testing

@testable import Replication

struct LegacyMappingTests {
    private func text(_ key: [UInt8]?) -> String? { key.map { String(decoding: $0, as: UTF8.self) } }

    @Test("By default a path is its key; a rule replaces the beginning")
    func keys() throws {
        #expect(text(LegacyMapping.everything.key(for: "/a/b")) == "/a/b")
        let mapping = try LegacyMapping([
            .init(from: "/apps/web", to: "/web/"), .init(from: "/jobs", to: "jobs-"),
        ])
        #expect(text(mapping.key(for: "/apps/web/x/y")) == "/web/x/y")
        #expect(text(mapping.key(for: "/jobs/1")) == "jobs-1")
        #expect(mapping.key(for: "/apps/webs/x") == nil)
        #expect(mapping.key(for: "/apps/web") == nil)
        #expect(mapping.ranges(below: "/apps/web/x") == [.prefix("/web/x/")])
        #expect(mapping.ranges(below: "/apps") == [.prefix("/web/")])
        #expect(mapping.ranges(below: .root).count == 2)
        #expect(mapping.ranges(below: "/other").isEmpty)
    }

    @Test("What migrations keep is never in a range")
    func reserved() throws {
        let bare = try LegacyMapping([.init(from: .root, to: "")])
        #expect(text(bare.key(for: "/a/b")) == "a/b")
        #expect(bare.key(for: "/lodestone.dev/migrations/x") == nil)
        let ranges = bare.ranges(below: .root)
        #expect(ranges.count == 2)
        #expect(!ranges.contains { $0.contains(LegacyCheckpoint.key("x")) })
        #expect(ranges.contains { $0.contains(Array("a".utf8)) })
        #expect(ranges.contains { $0.contains(Array("z".utf8)) })
    }

    @Test(
        "Rules that overlap are refused",
        arguments: [
            [], [("/a", "/x/"), ("/a/b", "/y/")], [("/", "/x/"), ("/b", "/y/")], [("/a", "/x/"), ("/b", "/x/y/")],
            [("/a", ""), ("/b", "/y/")], [("/a", "lodestone.dev/migrations/z/")],
        ])
    func refusals(rules: [(String, String)]) {
        #expect(throws: ReplicationError.self) {
            try LegacyMapping(rules.map { .init(from: LegacyPath($0.0), to: $0.1) })
        }
    }

    @Test("The digest tells mappings apart, not the order of their rules")
    func digest() throws {
        let one = LegacyMapping.Rule(from: "/a", to: "/x/")
        let two = LegacyMapping.Rule(from: "/b", to: "/y/")
        #expect(try LegacyMapping([one, two]).digest == LegacyMapping([two, one]).digest)
        #expect(try LegacyMapping([one]).digest != LegacyMapping([two]).digest)
        #expect(try LegacyMapping([one]).digest != LegacyMapping([one], keepsDirectories: true).digest)
    }
}
