import Model
import Testing

@testable import Etcd

struct LegacyPathTests {
    @Test("Paths know their parts")
    func parts() {
        let path: LegacyPath = "//a/_b//c/_d/"
        #expect(path.description == "/a/_b/c/_d")
        #expect(path.name == Array("_d".utf8))
        #expect(path.parent == "/a/_b/c")
        #expect(path.ancestors == ["/a", "/a/_b", "/a/_b/c"])
        #expect(path.hiddenRoots == ["/a/_b", "/a/_b/c/_d"])
        #expect(LegacyPath.root.contains(path))
        #expect(LegacyPath("/a").contains(path))
        #expect(!LegacyPath("/a/_").contains(path))
        #expect(LegacyPath("/a").relative(path) == Array("_b/c/_d".utf8))
        #expect(LegacyPath.root.relative(path) == Array("a/_b/c/_d".utf8))
        #expect(LegacyPath.root.parent == .root)
        #expect(LegacyPath("/a").parent == .root)
    }

    @Test("Names that look the same are not the same")
    func bytes() {
        #expect(LegacyPath("/\u{E9}") != LegacyPath("/e\u{301}"))
        #expect(LegacyPath("/\u{E9} %?#").escaped == "/v2/keys/%C3%A9%20%25%3F%23")
        #expect(LegacyPath.root.escaped == "/v2/keys/")
        #expect(LegacyPath("/a\u{FFFD}").isDamaged)
    }

    @Test("The server's clock is bounded by its answers")
    func clock() throws {
        let clock = LegacyClock()
        let now = Timestamp(secondsSinceEpoch: 1_000)
        #expect(LegacyClock.moment(httpDate: "Sat, 21 Nov 2026 17:09:43 GMT")?.description == "2026-11-21T17:09:43Z")
        #expect(LegacyClock.moment(httpDate: "yesterday") == nil)
        clock.observe(now, sent: now, received: now + .milliseconds(10))
        #expect(clock.offset == .zero)
        clock.observe(now + .seconds(60), sent: now, received: now + .milliseconds(10))
        #expect((59.0...61.0).contains(clock.offset.seconds))
    }
}
