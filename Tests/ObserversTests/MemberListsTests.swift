import Etcd
import Model
import Testing

@testable import Observers

/// What many member lists mean together, whoever answered first.
struct MemberListsTests {
    private static func member(_ id: UInt64, _ url: String? = nil) -> EtcdMember {
        EtcdMember(id: id, name: "m\(id)", clientURLs: [url ?? "http://h\(id):1"])
    }

    private static func answer(
        _ endpoint: String, cluster: UInt64, term: UInt64 = 1, _ members: EtcdMember...
    ) -> MemberLists.Answer {
        MemberLists.Answer(endpoint: endpoint, clusterID: cluster, raftTerm: term, members: members)
    }

    private static let own = [
        answer("a", cluster: 7, member(1), member(2)), answer("b", cluster: 7, member(1), member(2), member(3)),
    ]
    private static let foreign = answer("c", cluster: 8, member(9))

    @Test("The members are the union of all lists of the record's cluster, in every order of the answers")
    func union() {
        for answers in [Self.own + [Self.foreign], [Self.foreign] + Self.own.reversed()] {
            let lists = MemberLists(answers: answers, silent: [], expected: 7)
            #expect(lists.clusterID == 7)
            #expect(lists.members.map(\.id) == [1, 2, 3])
            #expect(lists.strangers == [ForeignEndpoint(endpoint: "c", clusterID: 8)])
            #expect(lists.problem?.message == "the members' lists differ (a: m1, m2; b: m1, m2, m3)")
            #expect(!lists.isSettled)
        }
    }

    @Test("Lists that agree are settled, and a silent endpoint does not change that")
    func settled() {
        let lists = MemberLists(answers: [Self.own[0]], silent: ["b"], expected: nil)
        #expect(lists.isSettled && lists.clusterID == 7 && lists.members.count == 2)
    }

    @Test("Without a cluster to stand for, endpoints of two clusters decide on neither")
    func undecided() {
        let lists = MemberLists(answers: Self.own + [Self.foreign], silent: [], expected: nil)
        #expect(lists.clusterID == nil && lists.members.isEmpty)
        #expect(lists.strangers.map(\.endpoint) == ["a", "b", "c"])
    }

    @Test(
        "Another cluster takes the place of the record's only if every endpoint leads there",
        arguments: [([String](), UInt64?(8)), (["a"], nil)])
    func replaced(silent: [String], expected: UInt64?) {
        #expect(MemberLists(answers: [Self.foreign], silent: silent, expected: 7).clusterID == expected)
    }

    @Test("A member is described as most lists have it, and as the newest term has it where they are even")
    func description() {
        let old = Self.member(1, "http://old:1")
        let new = Self.member(1, "http://new:1")
        func url(_ answers: MemberLists.Answer...) -> String? {
            MemberLists(answers: answers, silent: [], expected: nil).members.first?.clientURLs.first
        }
        #expect(
            url(
                Self.answer("a", cluster: 7, term: 9, old), Self.answer("b", cluster: 7, new),
                Self.answer("c", cluster: 7, new)) == "http://new:1")
        #expect(url(Self.answer("a", cluster: 7, old), Self.answer("b", cluster: 7, term: 2, new)) == "http://new:1")
        #expect(url(Self.answer("b", cluster: 7, term: 2, new), Self.answer("a", cluster: 7, old)) == "http://new:1")
    }
}
