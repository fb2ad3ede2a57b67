import Model
import TestSupport
import Testing
import Transport

@testable import Archive

/// The contract of a storage, and what is special to S3, on a real server.
@Suite(.timeLimit(.minutes(3)))
struct S3StorageTests {
    @Test("A bucket keeps every promise of a storage, at its root and below a prefix, page after page")
    func conformance() async throws {
        try await withRealS3 { server in
            try await S3Fixture.with(server) { fixture in
                for prefix in ["", "fleet/a", "ü +=:*()@,'!$;&?#%25~\"<>\\"] {
                    let storage = try fixture.storage(prefix: prefix) { $0.pageSize = 7 }
                    try await BackupStorageConformance(storage, manyObjects: 20).run()
                }
                #expect(try await fixture.storage().list(below: ObjectKey([])).isEmpty)
                #expect(
                    directoryEntries(fixture.staging).flatMap { directoryEntries("\(fixture.staging)/\($0)") } == [])
            }
        }
    }
}
