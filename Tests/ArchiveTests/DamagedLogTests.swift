import Crypto
import Etcd
import Glibc
import TestSupport
import Testing

@testable import Archive

/// Whatever became of a change log, no database is rebuilt from it that is not exactly what was asked for.
@Suite(.timeLimit(.minutes(20)))
struct DamagedLogTests {
    @Test("A damaged, cut, missing, foreign or renamed segment refuses the rebuild, and nothing is left at its path")
    func everyDamage() async throws {
        let seed = Soak.seed("damaged change logs")
        for form in ChangeLogTests.forms {
            try await withLogSource(form: form) { source in
                var random = SeededRandom(seed: seed)
                var after = source.base
                for _ in 0..<6 {
                    for _ in 0..<5 { try await source.act() }
                    let last = try await source.client.put("end", "x").header.revision
                    try await source.record(after: after, through: last)
                    after = last
                }
                let scene = try await LogScene(source, form, last: after)
                for _ in 0..<Soak.rounds(4, long: 100) {
                    for damage in LogDamage.allCases where form.key != nil || !damage.needsKey {
                        try await scene.check(damage, &random)
                    }
                }
            }
        }
    }
}

/// What can become of a segment.
private enum LogDamage: CaseIterable {
    case flippedByte, cut, missing, renamed, swapped, foreign, wrongKey, missingKey

    var needsKey: Bool { self == .wrongKey || self == .missingKey }

    var codes: [ArchiveError.Code] {
        switch self {
        // No manifest says what the head of a sealed segment should be, so damage there may look like another key.
        case .flippedByte: [.contradiction, .wrongKey, .keyMissing]
        case .cut, .swapped, .foreign: [.contradiction]
        // A segment with another name also leaves a gap where it was.
        case .renamed: [.contradiction, .incomplete]
        case .missing: [.incomplete]
        case .wrongKey: [.wrongKey]
        case .missingKey: [.keyMissing]
        }
    }
}

/// A log of several segments, and one of the same history in another life of the cluster.
private struct LogScene {
    let source: LogSource
    let form: StoredForm
    let last: Int64
    let base: DatabaseFile
    let chain: [LogSegmentName]
    let sound: [String: [UInt8]]
    let foreign: [String: [UInt8]]

    private var home: String { "\(source.backups)/default/orders/8e9e05c5/log" }

    init(_ source: LogSource, _ form: StoredForm, last: Int64) async throws {
        self.source = source
        self.form = form
        self.last = last
        base = try DatabaseFile(path: source.snapshot)
        chain = try #require(LogSegmentName.chain(try await source.log.segments(), from: source.base, through: last))
        let storage = try DirectoryStorage(path: source.backups)
        let other = ClusterIncarnation(namespace: "default", name: "orders", incarnation: "0another")
        try await source.record(after: source.base, through: last, in: ChangeLog(of: other, in: storage, form: form))
        func files(_ incarnation: String) throws -> [String: [UInt8]] {
            let place = "\(source.backups)/default/orders/\(incarnation)/log"
            return try Dictionary(
                uniqueKeysWithValues: directoryEntries(place).map { ($0, try readFile("\(place)/\($0)")) })
        }
        sound = try files("8e9e05c5")
        foreign = try files("0another")
    }

    /// Does the damage, and sees the rebuild refuse; then the sound log is accepted again.
    func check(_ damage: LogDamage, _ random: inout SeededRandom) async throws {
        let place = Int.random(in: chain.indices, using: &random)
        try put(try made(damage, at: place, &random))
        // Without its end a log is only shorter, which is no damage unless more is asked for.
        let isShortened = damage == .missing && place == chain.count - 1
        let point: PointInTime =
            [.revision(last), isShortened ? .revision(last) : .latest, .revision(chain[place].through)]
            .randomElement(using: &random) ?? .latest
        let target = "\(source.directory)/target"
        if access(target, F_OK) != 0 { mkdir(target, 0o700) }
        let told = Comment(rawValue: "\(damage) of \(chain[place]), \(point), form \(form.suffix)")
        let log = log(for: damage)
        let error = await #expect(throws: ArchiveError.self, told) {
            try await log.rebuild(point, from: base, to: "\(target)/db")
        }
        if let error { #expect(damage.codes.contains(error.code), "\(told): \(error)") }
        #expect(directoryEntries(target).isEmpty, told)
        try put(sound)
        let rebuilt = try await source.log.rebuild(.latest, from: base, to: "\(target)/db")
        #expect(rebuilt == last)
        unlink("\(target)/db")
    }

    private func put(_ files: [String: [UInt8]]) throws {
        for name in directoryEntries(home) { unlink("\(home)/\(name)") }
        for (name, bytes) in files { try writeFile(bytes, to: "\(home)/\(name)") }
    }

    private func log(for damage: LogDamage) -> ChangeLog {
        let key: SealingKey? =
            switch damage {
            case .wrongKey: SealingKey(id: "k1", bytes: [UInt8](repeating: 8, count: SealingKey.byteCount))
            case .missingKey: SealingKey(id: "k2", bytes: [UInt8](repeating: 9, count: SealingKey.byteCount))
            default: form.key
            }
        return ChangeLog(
            of: source.log.cluster, in: source.storage, form: form, keys: key.map { BackupKeyring($0, source: "test") })
    }

    private func made(
        _ damage: LogDamage, at place: Int, _ random: inout SeededRandom
    ) throws -> [String: [UInt8]] {
        var files = sound
        let segment = chain[place]
        let name = segment.description + form.suffix
        var bytes = try #require(files[name])
        switch damage {
        case .flippedByte:
            bytes[Int.random(in: bytes.indices, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
            files[name] = bytes
        case .cut:
            bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
            files[name] = bytes
        case .missing: files[name] = nil
        case .swapped: files[name] = files[chain[(place + 1) % chain.count].description + form.suffix]
        case .renamed:
            let names = [
                (segment.after, segment.through + 1), (segment.after - 1, segment.through),
                (segment.after + 1, segment.through + 1),
            ]
            let (after, through) = names.randomElement(using: &random) ?? names[0]
            files[name] = nil
            files[LogSegmentName(after: after, through: through).description + form.suffix] = bytes
        case .foreign: files = foreign
        case .wrongKey, .missingKey: break
        }
        return files
    }
}
