import Testing

@testable import Nodes

struct MemberStateTests {
    private func blocked(_ directory: String = "/a", free: Int) -> MemberState {
        .blocked(.insufficientSpace(directory: directory, available: free, needed: 130))
    }

    @Test("That there is still too little space is no news, however much it is")
    func space() {
        #expect(!blocked(free: 128).isNews(after: blocked(free: 129)))
        #expect(blocked(free: 129).isNews(after: .stopped))
        #expect(blocked("/b", free: 129).isNews(after: blocked("/a", free: 129)))
        #expect(MemberState.stopped.isNews(after: blocked(free: 129)))
        #expect(!MemberState.stopped.isNews(after: .stopped))
    }
}
