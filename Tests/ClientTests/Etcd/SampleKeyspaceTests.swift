import Testing

@testable import Client

struct SampleKeyspaceTests {
    private let sample = SampleKeyspace(prefix: "/registry", valueSize: 1024, seed: 1)

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test("The same seed makes the same keys and values, another one others")
    func repeatable() {
        let again = SampleKeyspace(prefix: "/registry", valueSize: 1024, seed: 1)
        let other = SampleKeyspace(prefix: "/registry", valueSize: 1024, seed: 2)
        for index in [0, 1, 999, 1_000_000] {
            #expect(sample.pair(index) == again.pair(index))
            #expect(sample.pair(index).key != other.pair(index).key)
        }
    }

    @Test("Keys are distinct, spread over kinds and namespaces, and none can be a real object's")
    func keys() {
        let keys = (0..<5000).map { text(sample.pair($0).key) }
        #expect(Set(keys).count == 5000)
        #expect(keys.allSatisfy { $0.hasPrefix("/registry/") && $0.contains("/lodestone-sample-") })
        let pods = keys.count { $0.hasPrefix("/registry/pods/") }
        #expect((1800...2200).contains(pods), "\(pods) of 5000 are pods; eight of twenty should be")
        #expect(Set(keys.map { $0.split(separator: "/").dropLast().joined(separator: "/") }).count > 200)
    }

    @Test("Values are of the size asked for on average, as protobuf or JSON")
    func values() throws {
        let values = (0..<2000).map { sample.pair($0).value }
        let mean = values.reduce(0) { $0 + $1.count } / values.count
        #expect((1024...1200).contains(mean), "the mean is \(mean)")
        #expect(values.allSatisfy { $0.starts(with: [0x6B, 0x38, 0x73, 0x00]) || $0.first == UInt8(ascii: "{") })
        let json = try #require(values.first { $0.first == UInt8(ascii: "{") })
        #expect(text(json).hasSuffix("\"}}\n"))
    }
}
