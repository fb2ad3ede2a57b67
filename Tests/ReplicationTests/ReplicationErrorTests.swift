import Replication
import Testing

struct ReplicationErrorTests {
    @Test("What the world may mend by itself is tried again, a contradiction is not")
    func retry() {
        #expect(ReplicationError(.unavailable, "orders", "no answer", remedy: "wait").isRetryable)
        #expect(!ReplicationError(.diverged, "orders", "a stranger wrote", remedy: "seed it anew").isRetryable)
        #expect(
            "\(ReplicationError(.diverged, "orders", "a stranger wrote", remedy: "seed it anew"))"
                == "orders: a stranger wrote; seed it anew.")
    }
}
